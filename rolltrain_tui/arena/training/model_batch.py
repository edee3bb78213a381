"""K models of one shape as one computation: forward pass, loss and gradient.

All weights are rows of one tensor, so every matrix product is one batched product. Model k reads only row k and its own text,
so a diverging model cannot change the others.

Letters in shapes: K models, B sequences each, T positions, C channels (n_embd), H heads of D = C / H channels, V characters,
P weights of one model. KB, BT and KBH are products: K * B and so on.

The gradient is written by hand, one line for each step of backpropagation. At this size autograd costs more than the arithmetic.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.arena.agents.agents import Shape, layout, num_parameters
from rolltrain_tui.modes.text.gpt import KeyValueCache
from rolltrain_tui.training.state.streams import random_stream

aten: Any = torch.ops.aten
EPS = 1e-5
"""Added to the variance in both norms, as in PyTorch's LayerNorm."""

# ---------------------------------------------------------------------------------------------------------------------
# Activations kept for the backward pass


class Normed(NamedTuple):
    """A norm's output. Layer norm subtracts the mean and divides by the deviation; RMS norm divides by the root mean square."""

    y: Tensor
    """(K, BT, C), with the gains of a layer norm."""
    n: Tensor
    """(K, BT, C), without gains."""
    rstd: Tensor
    """1 / deviation or 1 / root mean square, (K, BT, 1)."""


class Attention(NamedTuple):
    q: Tensor  # (KBH, T, D)
    k: Tensor  # (KBH, T, D)
    v: Tensor  # (KBH, T, D)
    weights: Tensor
    """softmax(q k^T / sqrt(D) + mask), (KBH, T, T)."""
    y: Tensor
    """Outputs of the heads, concatenated: (K, BT, C)."""


class BlockTape(NamedTuple):
    ln_1: Normed
    attention: Attention
    ln_2: Normed
    before: Tensor
    """Hidden units of the MLP before the activation function, (K, BT, 4C)."""
    hidden: Tensor
    """Hidden units after the activation function, (K, BT, 4C)."""


@dataclass(slots=True)
class Tape:
    """Activations of one forward pass, first layer first."""

    norms: list[Normed] = field(default_factory=list)
    """The norm of the embedding (microgpt) or before the head (gpt)."""
    blocks: list[BlockTape] = field(default_factory=list)
    last: Tensor = field(default_factory=lambda: torch.empty(0))
    """Input of the head, (K, BT, C)."""


# ---------------------------------------------------------------------------------------------------------------------
# Weights


class ModelBatch:
    """`theta` (K, P) holds all weights. `parameters` are views of it, (K, ...) each, named as in modes/text/gpt.py."""

    def __init__(self, shape: Shape, vocabulary: int, theta: Tensor) -> None:
        self.shape, self.vocabulary, self.theta, self.size = shape, vocabulary, theta, len(theta)
        self.parameters = views(shape, vocabulary, theta)
        # Added to the attention scores: 0 for positions up to this one, -inf for later ones
        self.mask = theta.new_full((shape.context, shape.context), -math.inf).triu(1)

    @classmethod
    def fresh(cls, shape: Shape, vocabulary: int, seeds: Sequence[int]) -> "ModelBatch":
        """Models with initial weights, one seed each."""
        models = cls(shape, vocabulary, torch.zeros(len(seeds), num_parameters(shape, vocabulary)))
        for k, seed in enumerate(seeds):
            models.draw_weights(k, seed)
        return models

    @torch.no_grad()
    def draw_weights(self, k: int, seed: int) -> None:
        """Initial weights of model k: matrices ~ N(0, 0.02), gains 1.

        Projections onto the residual stream are divided by sqrt(2 L), so that its variance does not grow with depth (GPT-2).
        A microgpt has zeros there.
        """
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
    def logits(self, idx: Tensor, cache: "AttentionCache | None" = None, tape: Tape | None = None) -> Tensor:
        """Characters (K, B, T) -> logits (K, BT, V). With a cache: only those of the last position, (K, B, V)."""
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
            tape.blocks.append(BlockTape(ln_1, attention, ln_2, before, hidden))
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
        """Name of the output matrix. A gpt shares it with the embedding."""
        return "wte.weight" if self.shape.style == "gpt" else "head.weight"

    @torch.no_grad()
    def losses(self, windows: Tensor) -> Tensor:
        """Windows of characters (K, B, T + 1) -> mean loss of each sequence in nats per character, (K, B)."""
        K, B, T = windows.shape[0], windows.shape[1], windows.shape[2] - 1
        logits = self.logits(windows[:, :, :-1])  # (K, BT, V)
        losses = F.cross_entropy(logits.view(K * B * T, -1), windows[:, :, 1:].reshape(-1), reduction="none")
        return losses.view(K, B, T).mean(dim=2)

    def _norm(self, x: Tensor, gain: str = "") -> Normed:
        if self.shape.style == "gpt":
            n, _, rstd = torch.native_layer_norm(x, (x.shape[-1],), None, None, EPS)
            return Normed(n * self.parameters[gain][:, None], n, rstd)
        C = x.shape[-1]
        rstd = x.square().sum(dim=-1, keepdim=True).add_(C * EPS).rsqrt_().mul_(math.sqrt(C))  # sum: twice as fast as mean
        n = x * rstd
        return Normed(n, n, rstd)

    def _attend(self, layer: int, x: Tensor, B: int, cache: "AttentionCache | None") -> Attention:
        """Causal self-attention: (K, BT, C) -> (K, BT, C)."""
        K, BT, C = x.shape
        T, H = BT // B, self.shape.n_head
        qkv = torch.bmm(x, self.parameters[f"blocks.{layer}.attn.qkv.weight"].mT)  # (K, BT, 3C)
        q, k, v = qkv.view(K * B, T, 3, H, C // H).permute(2, 0, 3, 1, 4).contiguous().unbind(0)  # each (KB, H, T, D)
        if cache is not None:
            k, v = cache.extend(layer, k, v)
        # For heads this small PyTorch's fused attention takes 1.2 to 1.5 times as long on a CPU.
        q, k, v = (t.reshape(K * B * H, -1, C // H) for t in (q, k, v))
        weights = F.softmax(torch.baddbmm(self.mask[:T, :T], q, k.mT, alpha=math.sqrt(H / C)), dim=-1)
        y = torch.bmm(weights, v).view(K * B, H, T, C // H).transpose(1, 2).reshape(K, BT, C)
        return Attention(q, k, v, weights, y)


class AttentionCache(KeyValueCache):
    """Keys and values of the positions read so far: (L, KB, H, context, D)."""

    def __init__(self, shape: Shape, sequences: int) -> None:
        self.keys = torch.empty(shape.n_layer, sequences, shape.n_head, shape.context, shape.n_embd // shape.n_head)
        self.values = torch.empty_like(self.keys)
        self.length = 0


def places(shape: Shape, vocabulary: int) -> dict[str, tuple[int, int, tuple[int, ...]]]:
    """Position of each parameter in the P weights of a model: name -> (start, end, dims)."""
    found: dict[str, tuple[int, int, tuple[int, ...]]] = {}
    end = 0
    for name, dims in layout(shape, vocabulary).items():
        start, end = end, end + math.prod(dims)
        found[name] = (start, end, dims)
    return found


def views(shape: Shape, vocabulary: int, flat: Tensor) -> dict[str, Tensor]:
    """Views of `flat` (K, P), weights or gradients: one for each parameter, (K, ...)."""
    return {name: flat[:, start:end].view(len(flat), *dims) for name, (start, end, dims) in places(shape, vocabulary).items()}


def rows_of(idx: Tensor, channels: int) -> Tensor:
    """Characters (K, B, T) as indices for gather and scatter on an embedding (K, V, C): (K, BT, C)."""
    return idx.reshape(len(idx), -1, 1).expand(-1, -1, channels)


# ---------------------------------------------------------------------------------------------------------------------
# Backward


@torch.no_grad()
def gradient(models: ModelBatch, windows: Tensor, into: dict[str, Tensor]) -> Tensor:
    """Mean loss of each model on its windows (K, B, T + 1): (K,). Writes the gradients to `into`, shaped like the parameters.

    `d_x` is the derivative of the loss by x. A model's loss depends only on its own weights, so row k of `into` is the gradient of model k.
    """
    idx, targets = windows[:, :, :-1], windows[:, :, 1:].reshape(len(windows), -1, 1)  # (K, B, T), (K, BT, 1)
    (K, B, T), C, gpt, weights = idx.shape, models.shape.n_embd, models.shape.style == "gpt", models.parameters

    # Forward
    tape = Tape()
    log_p = F.log_softmax(models.logits(idx, tape=tape), dim=-1)  # (K, BT, V)
    losses = log_p.gather(2, targets).mean(dim=(1, 2)).neg_()

    # The loss: d logits = (softmax(logits) - one_hot(targets)) / BT
    d_logits = log_p.exp_().scatter_add_(2, targets, log_p.new_full(targets.shape, -1.0)).div_(B * T)

    # The head
    into[models.head].copy_(torch.bmm(d_logits.mT, tape.last))
    d_x = torch.bmm(d_logits, weights[models.head])
    if gpt:
        d_x = _norm(d_x, tape.norms[-1], "ln_f.weight", models, into)

    # The blocks, last to first. Each residual connection adds the gradient that bypasses the part
    for layer in reversed(range(models.shape.n_layer)):
        name, block = f"blocks.{layer}.", tape.blocks[layer]

        into[name + "mlp.proj.weight"].copy_(torch.bmm(d_x.mT, block.hidden))
        d_hidden = torch.bmm(d_x, weights[name + "mlp.proj.weight"])  # (K, BT, 4C)
        d_before = aten.gelu_backward(d_hidden, block.before) if gpt else aten.threshold_backward(d_hidden, block.before, 0)
        into[name + "mlp.fc.weight"].copy_(torch.bmm(d_before.mT, block.ln_2.y))
        d_x = d_x + _norm(torch.bmm(d_before, weights[name + "mlp.fc.weight"]), block.ln_2, name + "ln_2.weight", models, into)

        into[name + "attn.proj.weight"].copy_(torch.bmm(d_x.mT, block.attention.y))
        d_qkv = _attention(torch.bmm(d_x, weights[name + "attn.proj.weight"]), block.attention, T)  # (K, BT, 3C)
        into[name + "attn.qkv.weight"].copy_(torch.bmm(d_qkv.mT, block.ln_1.y))
        d_x = d_x + _norm(torch.bmm(d_qkv, weights[name + "attn.qkv.weight"]), block.ln_1, name + "ln_1.weight", models, into)

    # The embeddings: the gradient of a character's row is the sum over the positions with that character
    if not gpt:
        d_x = _norm(d_x, tape.norms[0], "", models, into)
        into["wte.weight"].zero_()  # a gpt adds to the gradient of the head, the same matrix
    into["wte.weight"].scatter_add_(1, rows_of(idx, C), d_x)
    torch.sum(d_x.view(K, B, T, C), dim=1, out=into["wpe.weight"])
    return losses


def _norm(d_y: Tensor, normed: Normed, gain: str, models: ModelBatch, into: dict[str, Tensor]) -> Tensor:
    """Derivative by a norm's input, (K, BT, C). Removes the components along the mean (layer norm) and along n: the norm cancels them."""
    n, d_n, C = normed.n, d_y, d_y.shape[-1]
    if models.shape.style == "gpt":
        torch.sum(d_y * n, dim=1, out=into[gain])
        d_n = d_y * models.parameters[gain][:, None]
        d_n = torch.sub(d_n, d_n.sum(dim=-1, keepdim=True), alpha=1 / C)
    return torch.addcmul(d_n, n, (d_n * n).sum(dim=-1, keepdim=True), value=-1 / C).mul_(normed.rstd)


def _attention(d_y: Tensor, a: Attention, T: int) -> Tensor:
    """Derivative of softmax(q k^T / sqrt(D)) v by q, k, v: (K, BT, C) -> (K, BT, 3C)."""
    (K, BT, C), (KBH, _, D) = d_y.shape, a.q.shape
    KB, H, scale = K * BT // T, C // D, 1 / math.sqrt(D)
    d_y = d_y.view(KB, T, H, D).transpose(1, 2).reshape(KBH, T, D)
    d_weights = torch.bmm(d_y, a.v.mT)  # (KBH, T, T)
    d_scores = aten._softmax_backward_data(d_weights, a.weights, -1, d_weights.dtype).mul_(scale)
    d_qkv = d_y.new_empty(3, KBH, T, D)
    torch.bmm(d_scores, a.k, out=d_qkv[0])
    torch.bmm(d_scores.mT, a.q, out=d_qkv[1])
    torch.bmm(a.weights.mT, d_y, out=d_qkv[2])
    return d_qkv.view(3, KB, H, T, D).permute(1, 3, 0, 2, 4).reshape(K, BT, 3 * C)
