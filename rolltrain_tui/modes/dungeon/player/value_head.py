"""The value head: what a state is worth, read off the last hidden layer. It stands beside the language model, not inside of it."""

import torch
from torch import Tensor, nn


class ValueHead(nn.Module):
    """One layer: d -> 1; two: d -> 2d, ReLU, 2d -> 1."""

    def __init__(self, width: int, layers: int, *, detach: bool = False) -> None:
        """`detach`: its gradient stops here, and does not reach the language model."""
        super().__init__()
        assert layers in (1, 2), "a value head has one or two layers"
        self.detach = detach
        self.layers = nn.Sequential(
            *((nn.Linear(width, 1),) if layers == 1 else (nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, 1)))
        )

    @torch.no_grad()
    def draw_weights(self, generator: torch.Generator) -> None:
        """Weights ~ N(0, 1 / inputs), biases 0; the last layer begins at 0, so that nothing is promised before anything was seen."""
        for layer in self.layers:
            if isinstance(layer, nn.Linear):
                layer.weight.normal_(0.0, layer.in_features**-0.5, generator=generator)
                layer.bias.zero_()
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        last.weight.zero_()

    def forward(self, hidden: Tensor) -> Tensor:
        """(..., d) -> (...)."""
        read: Tensor = self.layers(hidden.detach() if self.detach else hidden)
        return read[..., 0]
