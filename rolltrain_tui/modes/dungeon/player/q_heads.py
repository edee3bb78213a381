"""Q-heads: what each word is worth, read off the last hidden layer. They stand beside the language model, as the value head does."""

import torch
from torch import Tensor, nn


class QHeads(nn.Module):
    """N linear heads."""

    def __init__(self, width: int, vocabulary: int, heads: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(width, vocabulary) for _ in range(heads))

    @torch.no_grad()
    def draw_weights(self, generator: torch.Generator) -> None:
        """Weights ~ N(0, 0.02), each head its own; biases 0."""
        for head in self.heads:
            assert isinstance(head, nn.Linear)
            head.weight.normal_(0.0, 0.02, generator=generator)
            head.bias.zero_()

    def forward(self, hidden: Tensor, words: Tensor) -> Tensor:
        """What these words (B, T) are worth: hidden (B, T, d) before each -> (B, N, T)."""
        return torch.stack([head(hidden).gather(2, words[..., None])[..., 0] for head in self.heads], dim=1)
