"""K agents of one shape as one computation: their weights lie side by side, and every matrix product is one batched product.

K agents, each with B sequences of T positions, C channels (n_embd), H heads of D = C / H channels, V characters, P weights an agent.
Agent k's numbers come from agent k's weights and text alone; a neighbour that bursts does not touch them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.arena.agents import Shape, layout, num_parameters
from rolltrain_tui.training.streams import random_stream

EPS = 1e-5
"""Of both norms."""


class Normed(NamedTuple):
    """What a norm makes of x. Layer norm takes off the mean and divides by the deviation, RMS norm divides by the root mean square."""

    y: Tensor
    """(K, BT, C), with the gains of a layer norm."""
    n: Tensor
    """(K, BT, C), without them."""
    rstd: Tensor
    """What was multiplied by, (K, BT, 1)."""


class Attention(NamedTuple):
    q: Tensor  # (KBH, T, D)
    k: Tensor
    v: Tensor
    weights: Tensor
    """softmax(q k^T / sqrt(D) + mask), (KBH, T, T)."""
    y: Tensor
    """What the heads saw, side by side: (K, BT, C)."""


class Block(NamedTuple):
    ln_1: Normed
    attention: Attention
    ln_2: Normed
    before: Tensor
    """The MLP's hidden units before their activation, (K, BT, 4C)."""
    hidden: Tensor
    """And after it."""


@dataclass(slots=True)
class Tape:
    """What a forward pass leaves for the backward pass (gradient.py), in the order of its making."""

    norms: list[Normed] = field(default_factory=list)
    """Of the embedding (microgpt) or before the head (gpt)."""
    blocks: list[Block] = field(default_factory=list)
    last: Tensor = field(default_factory=lambda: torch.empty(0))
    """What the head reads, (K, BT, C)."""


class ModelBatch:
    """`theta` holds all weights (K, P), `parameters` are views of it, (K, ...) each, by GPT's names."""

    def __init__(self, shape: Shape, vocabulary: int, theta: Tensor) -> None:
        self.shape, self.vocabulary, self.theta, self.size = shape, vocabulary, theta, len(theta)
        self.parameters = views(shape, vocabulary, theta)
        # 0 where a position may look, -inf where the future is: added to the scores
        self.mask = theta.new_full((shape.context, shape.context), -math.inf).triu(1)

    @classmethod
    def fresh(cls, shape: Shape, vocabulary: int, seeds: Sequence[int]) -> "ModelBatch":
        """With first weights drawn from these seeds, one an agent."""
        field = cls(shape, vocabulary, torch.zeros(len(seeds), num_parameters(shape, vocabulary)))
        for k, seed in enumerate(seeds):
            field.draw_weights(k, seed)
        return field

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

    @torch.no_grad()
    def logits(self, idx: Tensor, cache: "Cache | None" = None, tape: Tape | None = None) -> Tensor:
        """Characters (K, B, T) -> logits (K, B * T, V); with a cache, those after the last position: (K, B, V)."""
        K, B, T = idx.shape
        C, weights, gpt = self.shape.n_embd, self.parameters, self.shape.style == "gpt"
        tape = Tape() if tape is None else tape
        start = cache.length if cache is not None else 0
        x = torch.gather(weights["wte.weight"], 1, rows_of(idx, C)).view(K, B, T, C)
        x = (x + weights["wpe.weight"][:, None, start : start + T]).view(K, B * T, C)
        if not gpt:
            tape.norms.append(self._norm(x))
            x = tape.norms[-1].y
        for layer in range(self.shape.n_layer):
            name = f"blocks.{layer}."
            ln_1 = self._norm(x, name + "ln_1.weight")
            attention = self._attend(layer, ln_1.y, B, cache)
            x = x + torch.bmm(attention.y, weights[name + "attn.proj.weight"].mT)
            ln_2 = self._norm(x, name + "ln_2.weight")
            before = torch.bmm(ln_2.y, weights[name + "mlp.fc.weight"].mT)  # (K, BT, 4C)
            hidden = F.gelu(before) if gpt else F.relu(before)
            x = x + torch.bmm(hidden, weights[name + "mlp.proj.weight"].mT)
            tape.blocks.append(Block(ln_1, attention, ln_2, before, hidden))
        if cache is not None:
            cache.length = start + T
            x = x.view(K, B, T, C)[:, :, -1]
        if gpt:
            tape.norms.append(self._norm(x, "ln_f.weight"))
            x = tape.norms[-1].y
        tape.last = x
        return torch.bmm(x, weights[self.head].mT)

    @property
    def head(self) -> str:
        """The parameter that turns what the last block says into logits."""
        return "wte.weight" if self.shape.style == "gpt" else "head.weight"

    @torch.no_grad()
    def losses(self, windows: Tensor) -> Tensor:
        """Windows of characters (K, B, T + 1) -> the mean loss of each sequence in nats per character, (K, B)."""
        K, B, T = windows.shape[0], windows.shape[1], windows.shape[2] - 1
        logits = self.logits(windows[:, :, :-1])  # (K, BT, V)
        losses = F.cross_entropy(logits.view(K * B * T, -1), windows[:, :, 1:].reshape(-1), reduction="none")
        return losses.view(K, B, T).mean(dim=2)

    def _norm(self, x: Tensor, gain: str = "") -> Normed:
        if self.shape.style == "gpt":
            n, _, rstd = torch.native_layer_norm(x, (x.shape[-1],), None, None, EPS)
            return Normed(n * self.parameters[gain][:, None], n, rstd)
        C = x.shape[-1]
        rstd = x.square().sum(dim=-1, keepdim=True).add_(C * EPS).rsqrt_().mul_(math.sqrt(C))  # a mean takes twice as long as a sum
        n = x * rstd
        return Normed(n, n, rstd)

    def _attend(self, layer: int, x: Tensor, B: int, cache: "Cache | None") -> Attention:
        """Each position looks at itself and those before it: (K, BT, C) -> (K, BT, C)."""
        K, BT, C = x.shape
        T, H = BT // B, self.shape.n_head
        qkv = torch.bmm(x, self.parameters[f"blocks.{layer}.attn.qkv.weight"].mT)  # (K, BT, 3C)
        q, k, v = qkv.view(K * B, T, 3, H, C // H).permute(2, 0, 3, 1, 4).contiguous().unbind(0)  # each (KB, H, T, D)
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        # By hand: for heads this small PyTorch's fused attention takes 1.2 to 1.5 times as long on a CPU.
        q, k, v = (t.reshape(K * B * H, -1, C // H) for t in (q, k, v))
        weights = F.softmax(torch.baddbmm(self.mask[:T, :T] if T > 1 else self.mask[:1, :1], q, k.mT, alpha=math.sqrt(H / C)), dim=-1)
        y = torch.bmm(weights, v).view(K * B, H, T, C // H).transpose(1, 2).reshape(K, BT, C)
        return Attention(q, k, v, weights, y)


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


def views(shape: Shape, vocabulary: int, flat: Tensor) -> dict[str, Tensor]:
    """The parameters, (K, ...) each, or their gradients, as views of what holds them all: (K, P)."""
    return {name: flat[:, start:end].view(len(flat), *dims) for name, (start, end, dims) in places(shape, vocabulary).items()}


def rows_of(idx: Tensor, channels: int) -> Tensor:
    """Characters (K, B, T) as the rows of an embedding that they stand for: (K, BT, C)."""
    return idx.reshape(len(idx), -1, 1).expand(-1, -1, channels)
