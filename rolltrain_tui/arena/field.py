"""K agents of one shape as one computation: their weights lie side by side, and every matrix product is one batched product.

K agents, each with B sequences of T positions, C channels (n_embd), H heads of D = C / H channels, V characters, P weights an agent.
Agent k's numbers come from agent k's weights and text alone; a neighbour that bursts does not touch them.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.arena.agents import Shape, layout, num_parameters
from rolltrain_tui.training.streams import random_stream

RMS_EPS = 1e-5


class Field:
    """`theta` holds all weights (K, P), `parameters` are views of it, (K, ...) each, by GPT's names."""

    def __init__(self, shape: Shape, vocabulary: int, theta: Tensor) -> None:
        self.shape, self.vocabulary, self.theta, self.size = shape, vocabulary, theta, len(theta)
        self.parameters = {
            name: theta[:, start:end].view(self.size, *dims).requires_grad_()
            for name, (start, end, dims) in places(shape, vocabulary).items()
        }
        # 0 where a position may look, -inf where the future is: added to the scores
        self.mask = torch.full((shape.context, shape.context), -math.inf).triu(1)

    @classmethod
    def fresh(cls, shape: Shape, vocabulary: int, seeds: Sequence[int]) -> "Field":
        """With first weights drawn from these seeds, one an agent."""
        field = cls(shape, vocabulary, torch.zeros(len(seeds), num_parameters(shape, vocabulary)))
        for k, seed in enumerate(seeds):
            field.draw_weights(k, seed)
        return field

    def part(self, start: int, end: int) -> "Field":
        """Agents start to end, exclusive; the weights are the same memory."""
        return Field(self.shape, self.vocabulary, self.theta[start:end])

    @torch.no_grad()
    def draw_weights(self, k: int, seed: int) -> None:
        """Agent k's first weights: matrices ~ N(0, 0.02), norms 1; what adds to the residual stream is smaller (gpt) or zero (microgpt)."""
        generator = random_stream(seed, "init")
        for name, p in self.parameters.items():
            if p.dim() == 2:
                p[k].fill_(1.0)
            elif not name.endswith("proj.weight"):
                p[k].normal_(0.0, 0.02, generator=generator)
            elif self.shape.style == "gpt":
                p[k].normal_(0.0, 0.02 / math.sqrt(2 * self.shape.n_layer), generator=generator)

    # -----------------------------------------------------------------------------------------------------------------
    # Forward

    def logits(self, idx: Tensor, cache: "Cache | None" = None, spy: "list[Tensor] | None" = None) -> Tensor:
        """Characters (K, B, T) -> logits (K, B * T, V); with a cache, those after the last position: (K, B, V).

        `spy` is given the hidden activations of every MLP, (K, B * T, 4C) each.
        """
        K, B, T = idx.shape
        C, weights, gpt = self.shape.n_embd, self.parameters, self.shape.style == "gpt"
        start = cache.length if cache is not None else 0
        rows = idx.reshape(K, B * T, 1).expand(K, B * T, C)
        x = torch.gather(weights["wte.weight"], 1, rows).view(K, B, T, C)
        x = (x + weights["wpe.weight"][:, None, start : start + T]).view(K, B * T, C)
        if not gpt:
            x = F.rms_norm(x, (C,), eps=RMS_EPS)
        for layer in range(self.shape.n_layer):
            block = f"blocks.{layer}."
            x = x + self._attend(layer, self._norm(x, block + "ln_1.weight"), B, cache)
            h = torch.bmm(self._norm(x, block + "ln_2.weight"), weights[block + "mlp.fc.weight"].mT)  # (K, BT, 4C)
            h = F.gelu(h) if gpt else F.relu(h)
            if spy is not None:
                spy.append(h)
            x = x + torch.bmm(h, weights[block + "mlp.proj.weight"].mT)
        if cache is not None:
            cache.length = start + T
            x = x.view(K, B, T, C)[:, :, -1]
        if gpt:
            x = self._norm(x, "ln_f.weight")
        return torch.bmm(x, weights["wte.weight" if gpt else "head.weight"].mT)

    def losses(self, windows: Tensor) -> Tensor:
        """Windows of characters (K, B, T + 1) -> the mean loss of each sequence in nats per character, (K, B)."""
        K, B, T = windows.shape[0], windows.shape[1], windows.shape[2] - 1
        logits = self.logits(windows[:, :, :-1])  # (K, BT, V)
        losses = F.cross_entropy(logits.view(K * B * T, -1), windows[:, :, 1:].reshape(-1), reduction="none")
        return losses.view(K, B, T).mean(dim=2)

    def gradient(self, windows: Tensor, out: Tensor) -> Tensor:
        """The mean loss of each agent (K,); its gradient goes to `out` (K, P). Row k of the sum's gradient is loss k's."""
        losses = self.losses(windows).mean(dim=1)
        gradients = torch.autograd.grad(losses.sum(), list(self.parameters.values()))
        torch.cat([g.reshape(self.size, -1) for g in gradients], dim=1, out=out)
        return losses.detach()

    def _norm(self, x: Tensor, name: str) -> Tensor:
        if self.shape.style == "microgpt":
            return F.rms_norm(x, (x.shape[-1],), eps=RMS_EPS)
        return F.layer_norm(x, (x.shape[-1],)) * self.parameters[name][:, None]

    def _attend(self, layer: int, x: Tensor, B: int, cache: "Cache | None") -> Tensor:
        """softmax(q k^T / sqrt(D) + mask) v, projected: (K, BT, C) -> (K, BT, C)."""
        K, BT, C = x.shape
        T, H, weights = BT // B, self.shape.n_head, self.parameters
        qkv = torch.bmm(x, weights[f"blocks.{layer}.attn.qkv.weight"].mT)  # (K, BT, 3C)
        q, k, v = qkv.view(K * B, T, 3, H, C // H).permute(2, 0, 3, 1, 4).unbind(0)  # each (KB, H, T, D)
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        # By hand: for heads this small PyTorch's fused attention takes 1.2 to 1.5 times as long on a CPU.
        q, k, v = (t.reshape(K * B * H, -1, C // H) for t in (q, k, v))
        scores = torch.baddbmm(self.mask[:T, :T] if T > 1 else self.mask[:1, :1], q, k.mT, alpha=math.sqrt(H / C))  # (KBH, T, T)
        y = torch.bmm(F.softmax(scores, dim=-1), v).view(K * B, H, T, C // H)
        y = y.transpose(1, 2).reshape(K, BT, C)
        return torch.bmm(y, weights[f"blocks.{layer}.attn.proj.weight"].mT)


class Cache:
    """Keys and values of the positions already read: (L, KB, H, context, D)."""

    def __init__(self, shape: Shape, sequences: int) -> None:
        self.keys = torch.empty(shape.n_layer, sequences, shape.n_head, shape.context, shape.n_embd // shape.n_head)
        self.values = torch.empty_like(self.keys)
        self.length = 0

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        end = self.length + k.shape[2]
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


def places(shape: Shape, vocabulary: int) -> dict[str, tuple[int, int, tuple[int, ...]]]:
    """Where each parameter lies among an agent's P weights: name -> (start, end, dims)."""
    found: dict[str, tuple[int, int, tuple[int, ...]]] = {}
    end = 0
    for name, dims in layout(shape, vocabulary).items():
        start, end = end, end + math.prod(dims)
        found[name] = (start, end, dims)
    return found
