"""The GPT's loss and its gradient, written out: the kernels that autograd would call, one line for each, with the same results to the bit.

A small model's turn is spent around its kernels as well as in them. Autograd records each of them, allocates what it returns, and casts
every weight again where the products are in bf16. Here large activations have places that the next turn uses again, and weights are cast
together. Two threads with half a batch each hinder each other less so, as they call Python less often.

Letters in shapes: B sequences, T positions, N = B T, C channels, H heads of D = C / H channels, V tokens. `d_x` is the derivative of the
loss by x. Low: in the dtype of the matrix products, which is float32 or bf16.
"""

import math
import threading
from functools import cache
from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.text.gpt import GPT, HAND_WRITTEN_CONTEXT, Block
from rolltrain_tui.training.tensors.below_autograd import below_autograd

aten: Any = torch.ops.aten
FUSED = 1
"""PyTorch's number of its fused attention, where it would choose that."""
MEAN, NOTHING_IGNORED = 1, -100
"""Of PyTorch's loss kernels: the reduction, and a target that does not occur."""

Gradient = dict[int, Tensor]
"""The gradient of each parameter, by the parameter's id."""


def can_be_written_out(model: GPT, dtype: torch.dtype) -> bool:
    """Whether these are the kernels that autograd would call: on a CPU, without dropout, with attention by hand or PyTorch's fused one."""
    config, weight = model.config, model.wte.weight
    if weight.device.type != "cpu" or weight.dtype != torch.float32 or config.dropout or config.context < 2:
        return False
    if dtype == torch.float32:
        return _fused(config.n_embd // config.n_head)
    return dtype == torch.bfloat16 and config.context <= HAND_WRITTEN_CONTEXT


@cache
def _fused(channels: int) -> bool:
    """Whether PyTorch would choose its fused attention for heads of so many channels."""
    q = torch.zeros(1, 1, 2, channels)
    return bool(torch._fused_sdp_choice(q, q, q, is_causal=True) == FUSED)


class WrittenOut:
    """Loss and gradient of a model. Each thread has activations of its own, and keeps them until the batch's shape changes.

    Measured (2 Zen 4 cores, torch 2.13, the tiny GPT, against autograd): 12 sequences 1.02 times as fast in float32, 1.05 in bf16; 6
    sequences, half of a batch, 1.03 and 1.09. Whole turns of the tutorial 1.07.
    """

    def __init__(self, model: GPT, dtype: torch.dtype) -> None:
        assert can_be_written_out(model, dtype), "autograd knows other kernels for this model"
        self.model, self.dtype = model, dtype
        self._own = threading.local()
        self._cast: list[Tensor] = []
        if dtype != torch.float32:
            layers = [
                *(layer for layer in model.modules() if isinstance(layer, nn.Linear)),
                *([] if model.head is not None else [model.wte]),
            ]
            self._cast = [p for layer in layers for p in layer.parameters()]
        self._low = {id(p): torch.empty(p.shape, dtype=dtype) for p in self._cast}

    def read_weights(self) -> None:
        """To be called after they have changed."""
        if self._cast:
            with below_autograd():
                torch._foreach_copy_(list(self._low.values()), self._cast)

    def low(self, p: Tensor) -> Tensor:
        return self._low.get(id(p), p)

    def gradient(self, idx: Tensor, targets: Tensor, *, weight: float) -> tuple[Tensor, list[Tensor]]:
        """Both passes: the loss, and weight x its gradient."""
        return self.forward(idx, targets), self.backward(weight)

    def forward(self, idx: Tensor, targets: Tensor) -> Tensor:
        """The mean cross-entropy in nats per token, (); idx and targets are (B, T)."""
        passes = getattr(self._own, "passes", None)
        if passes is None or passes.shape != idx.shape:
            passes = self._own.passes = Passes(self, *idx.shape)
        with below_autograd():
            loss: Tensor = passes.forward(idx, targets)
        return loss

    def backward(self, weight: float = 1.0) -> list[Tensor]:
        """weight x the gradient of the loss that this thread computed last: of each parameter, in the model's order."""
        with below_autograd():
            gradient = self._own.passes.backward(weight)
        return [gradient[id(p)] for p in self.model.parameters()]


class Place:
    """Memory that a pass writes to, and the ways in which it is read: a view made anew takes as long as a small kernel."""

    def __init__(self, rows: Tensor, B: int) -> None:
        self.rows = rows  # (N, width)
        self.columns = rows.t()  # (width, N)
        self.positions = rows.view(B, -1, rows.shape[1])  # (B, T, width)


class Scratch:
    """Places of what is not kept from the forward to the backward pass: all blocks use the same."""

    def __init__(self, B: int, T: int, C: int, H: int, dtype: torch.dtype) -> None:
        self.B, self.T, self.dtype = B, T, dtype
        self.narrow, self.d_x, self.qkv, self.wide = (self.place(width) for width in (C, C, 3 * C, 4 * C))
        self.d_y = self.narrow.rows.view(B, T, H, C // H)
        self.d_qkv = self.qkv.rows.view(B, T, 3, H, C // H)
        self.by_hand = dtype != torch.float32
        if self.by_hand:
            self.stream = torch.empty(B, T, C)
            self.scores = torch.empty(B * H, T, T, dtype=dtype)
            self.heads = torch.empty(3, B, H, T, C // H, dtype=dtype)

    def place(self, width: int) -> Place:
        """A new one, of the same dtype."""
        return Place(torch.empty(self.B * self.T, width, dtype=self.dtype), self.B)


# ---------------------------------------------------------------------------------------------------------------------
# Layers


class Product:
    """A linear layer."""

    def __init__(self, of: WrittenOut, weight: Tensor, bias: Tensor | None = None) -> None:
        self.weight, self.bias = weight, bias
        self.low = of.low(weight)
        self.low_bias = None if bias is None else of.low(bias)
        self._low_turned = self.low.t() if self.low is not weight else None  # a parameter may be given other memory, a cast is ours

    @property
    def low_turned(self) -> Tensor:
        """(C_in, C_out)."""
        return self.low.t() if self._low_turned is None else self._low_turned

    def forward(self, x: Tensor, out: Place) -> Place:
        """(N, C_in) -> (N, C_out)."""
        if self.low_bias is None:
            torch.mm(x, self.low_turned, out=out.rows)
        else:
            torch.addmm(self.low_bias, x, self.low_turned, out=out.rows)
        return out

    def backward(self, d_y: Place, x: Tensor, gradient: Gradient, out: Place) -> Place:
        """(N, C_out) -> (N, C_in)."""
        gradient[id(self.weight)] = torch.mm(d_y.columns, x).float()
        if self.bias is not None:
            gradient[id(self.bias)] = d_y.rows.sum(0).float()
        torch.mm(d_y.rows, self.low, out=out.rows)
        return out


class Normed(NamedTuple):
    x: Tensor  # (B, T, C)
    low: Tensor
    """What the norm returns, (N, C)."""
    mean: Tensor  # (B, T, 1)
    rstd: Tensor  # (B, T, 1)


class Norm:
    """A layer norm, in float32."""

    def __init__(self, layer: nn.LayerNorm, scratch: Scratch) -> None:
        self.weight, self.bias, self.eps, self.scratch = layer.weight, layer.bias, layer.eps, scratch
        self.place = scratch.place(len(layer.weight)) if scratch.by_hand else None

    def forward(self, x: Tensor) -> Normed:
        """x is (B, T, C)."""
        y, mean, rstd = torch.native_layer_norm(x, x.shape[2:], self.weight, self.bias, self.eps)
        if self.place is None:
            return Normed(x, y.view(-1, x.shape[2]), mean, rstd)
        self.place.positions.copy_(y)
        return Normed(x, self.place.rows, mean, rstd)

    def backward(self, d_y: Place, of: Normed, gradient: Gradient) -> Tensor:
        """(N, C) -> (B, T, C)."""
        d_x: Tensor
        d_x, d_weight, d_bias = aten.native_layer_norm_backward.default(
            self.scratch.stream.copy_(d_y.positions) if self.scratch.by_hand else d_y.positions,
            of.x, of.x.shape[2:], of.mean, of.rstd, self.weight, self.bias, [True, True, self.bias is not None],
        )  # fmt: skip
        gradient[id(self.weight)] = d_weight
        if self.bias is not None:
            gradient[id(self.bias)] = d_bias
        return d_x


# ---------------------------------------------------------------------------------------------------------------------
# Causal attention over all heads


class Attended(NamedTuple):
    y: Tensor
    """Outputs of the heads, concatenated: (N, C)."""
    kept: tuple[Tensor, ...] = ()


class Attention(Protocol):
    """It reads q, k, v from their place, and its own derivative from `scratch.d_y`; theirs is written to `scratch.d_qkv`."""

    def forward(self) -> Attended: ...

    def backward(self, of: Attended) -> None: ...


class FusedAttention:
    """PyTorch's own kernel for a CPU."""

    def __init__(self, qkv: Place, scratch: Scratch) -> None:
        self.q, self.k, self.v = self.parts(qkv.rows.view(scratch.d_qkv.shape))
        self.d_parts, self.d_y = self.parts(scratch.d_qkv), scratch.d_y.transpose(1, 2)

    @staticmethod
    def parts(qkv: Tensor) -> tuple[Tensor, ...]:
        """Views of q, k, v: (B, H, T, D) each."""
        return tuple(part.transpose(1, 2) for part in qkv.unbind(2))

    def forward(self) -> Attended:
        y, log_sums = aten._scaled_dot_product_flash_attention_for_cpu.default(self.q, self.k, self.v, 0.0, True)
        B, H, T, D = y.shape
        return Attended(y.transpose(1, 2).reshape(B * T, H * D), (y, log_sums))

    def backward(self, of: Attended) -> None:
        found = aten._scaled_dot_product_flash_attention_for_cpu_backward.default(
            self.d_y, self.q, self.k, self.v, *of.kept, 0.0, True
        )  # fmt: skip
        for place, d_part in zip(self.d_parts, found, strict=True):
            place.copy_(d_part)


class AttentionByHand:
    """softmax(q k^T / sqrt(D) + mask) v in a few large products, as `gpt.Attention.attend_by_hand`."""

    def __init__(self, mask: Tensor, qkv: Place, scratch: Scratch) -> None:
        _, B, H, T, D = scratch.heads.shape
        self.mask, self.scale, self.scores, self.scores_turned = mask, 1 / math.sqrt(D), scratch.scores, scratch.scores.mT
        self.qkv, self.d_y, self.d_qkv = qkv.rows.view(scratch.d_qkv.shape), scratch.d_y, scratch.d_qkv

        # Kept from the forward to the backward pass
        heads, self.weights = torch.empty_like(scratch.heads), torch.empty_like(scratch.scores)
        self.y = torch.empty_like(scratch.narrow.rows)

        # The same memory seen otherwise: one head after the other, (B H, T, D), turned, (B H, D, T), or position by position
        self.q, self.k, self.v = heads.view(3, B * H, T, D).unbind(0)
        self.k_turned, self.v_turned, self.weights_turned = self.k.mT, self.v.mT, self.weights.mT
        self.d_q, self.d_k, self.d_v = scratch.heads.view(3, B * H, T, D).unbind(0)
        self.heads, self.d_heads = heads.permute(1, 3, 0, 2, 4), scratch.heads.permute(1, 3, 0, 2, 4)  # (B, T, 3, H, D)
        self.y_by_position = self.y.view(B, T, H, D)
        self.y_by_head = self.d_q  # free where y, or its derivative, goes from one order to the other
        self.heads_of_y = self.y_by_head.view(B, H, T, D).transpose(1, 2)  # (B, T, H, D)

    def forward(self) -> Attended:
        self.heads.copy_(self.qkv)
        torch.baddbmm(self.mask, self.q, self.k_turned, alpha=self.scale, out=self.scores)
        torch.softmax(self.scores, -1, out=self.weights)
        torch.bmm(self.weights, self.v, out=self.y_by_head)
        self.y_by_position.copy_(self.heads_of_y)
        return Attended(self.y)

    def backward(self, of: Attended) -> None:
        self.heads_of_y.copy_(self.d_y)
        torch.bmm(self.weights_turned, self.y_by_head, out=self.d_v)
        torch.bmm(self.y_by_head, self.v_turned, out=self.scores)
        torch._softmax_backward_data(self.scores, self.weights, -1, self.mask.dtype, grad_input=self.scores)
        torch.bmm(self.scores, self.k, out=self.d_q).mul_(self.scale)
        torch.bmm(self.scores_turned, self.q, out=self.d_k).mul_(self.scale)
        self.d_qkv.copy_(self.d_heads)


# ---------------------------------------------------------------------------------------------------------------------
# The passes


class BlockKept(NamedTuple):
    ln_1: Normed
    attended: Attended
    ln_2: Normed


class BlockPasses:
    """x + attention(norm(x)), and x + mlp(norm(x)) of that."""

    def __init__(self, of: WrittenOut, block: Block, shape: tuple[int, int], scratch: Scratch) -> None:
        (B, T), C = shape, of.model.config.n_embd
        self.scratch = scratch
        self.ln_1, self.ln_2 = Norm(block.ln_1, scratch), Norm(block.ln_2, scratch)
        layers = block.attn.qkv, block.attn.proj, block.mlp.fc, block.mlp.proj
        self.to_heads, self.from_heads, self.to_units, self.from_units = (Product(of, layer.weight, layer.bias) for layer in layers)

        # Kept from the forward to the backward pass
        self.qkv = scratch.qkv if scratch.by_hand else scratch.place(3 * C)  # by hand they are kept in another order
        self.between, self.after = torch.empty(B, T, C), torch.empty(B, T, C)
        self.before = scratch.place(4 * C)  # units before the GELU, and after it
        self.hidden = torch.empty_like(self.before.rows)

        self.attention: Attention = FusedAttention(self.qkv, scratch)
        if scratch.by_hand:
            self.attention = AttentionByHand(block.attn.mask[:T, :T].to(of.dtype), self.qkv, scratch)

    def forward(self, x: Tensor) -> tuple[Tensor, BlockKept]:
        """(B, T, C) -> (B, T, C)."""
        narrow = self.scratch.narrow
        ln_1 = self.ln_1.forward(x)
        self.to_heads.forward(ln_1.low, self.qkv)
        attended = self.attention.forward()
        x = torch.add(x, self.from_heads.forward(attended.y, narrow).positions, out=self.between)
        ln_2 = self.ln_2.forward(x)
        hidden = aten.gelu.out(self.to_units.forward(ln_2.low, self.before).rows, out=self.hidden)
        x = torch.add(x, self.from_units.forward(hidden, narrow).positions, out=self.after)
        return x, BlockKept(ln_1, attended, ln_2)

    def backward(self, d_x: Tensor, kept: BlockKept, gradient: Gradient) -> Tensor:
        """(B, T, C) -> (B, T, C). Each residual connection adds the derivative that bypasses the part."""
        narrow, wide, d_qkv = self.scratch.narrow, self.scratch.wide, self.scratch.qkv
        self.from_units.backward(self._low(d_x), self.hidden, gradient, wide)
        aten.gelu_backward.grad_input(wide.rows, self.before.rows, grad_input=wide.rows)
        d_normed = self.to_units.backward(wide, kept.ln_2.low, gradient, narrow)
        d_x = self.ln_2.backward(d_normed, kept.ln_2, gradient).add_(d_x)

        self.from_heads.backward(self._low(d_x), kept.attended.y, gradient, narrow)
        self.attention.backward(kept.attended)
        d_normed = self.to_heads.backward(d_qkv, kept.ln_1.low, gradient, narrow)
        return self.ln_1.backward(d_normed, kept.ln_1, gradient).add_(d_x)

    def _low(self, d_x: Tensor) -> Place:
        """(B, T, C) -> (N, C)."""
        if not self.scratch.by_hand:
            return Place(d_x.view(-1, d_x.shape[2]), len(d_x))
        self.scratch.d_x.positions.copy_(d_x)
        return self.scratch.d_x


class Passes:
    """Forward and backward for batches of one shape."""

    def __init__(self, of: WrittenOut, B: int, T: int) -> None:
        self.model, self.dtype, self.shape, config = of.model, of.dtype, (B, T), of.model.config
        self.scratch = scratch = Scratch(B, T, config.n_embd, config.n_head, of.dtype)
        self.blocks = [BlockPasses(of, block, self.shape, scratch) for block in self.model.blocks if isinstance(block, Block)]
        self.ln_f = Norm(self.model.ln_f, scratch)
        self.head = Product(of, self.model.wte.weight if self.model.head is None else self.model.head.weight)

    def forward(self, idx: Tensor, targets: Tensor) -> Tensor:
        """The mean loss, (); idx and targets are (B, T)."""
        self.idx, self.targets = idx, targets.reshape(-1)
        x = F.embedding(idx, self.model.wte.weight) + self.model.wpe.weight[: idx.shape[1]]  # (B, T, C)
        self.kept = []
        for block in self.blocks:
            x, kept = block.forward(x)
            self.kept.append(kept)
        self.last = self.ln_f.forward(x)
        logits = torch.mm(self.last.low, self.head.low_turned)  # (N, V)
        self.log_p = torch.log_softmax(logits.float(), -1)
        loss: Tensor
        loss, self.counted = aten.nll_loss_forward.default(self.log_p, self.targets, None, MEAN, NOTHING_IGNORED)
        return loss

    def backward(self, weight: float) -> Gradient:
        gradient: Gradient = {}
        wte, wpe = self.model.wte.weight, self.model.wpe.weight

        # The loss: d logits = weight (softmax(logits) - one_hot(targets)) / N
        d_loss = torch.full((), weight)
        d_log_p = aten.nll_loss_backward.default(d_loss, self.log_p, self.targets, None, MEAN, NOTHING_IGNORED, self.counted)
        d_logits = torch._log_softmax_backward_data(d_log_p, self.log_p, -1, torch.float32).to(self.dtype)  # (N, V)

        # The head, and the blocks, last to first
        d_last = self.head.backward(Place(d_logits, len(self.idx)), self.last.low, gradient, self.scratch.narrow)
        d_x = self.ln_f.backward(d_last, self.last, gradient)  # (B, T, C)
        for block in reversed(self.blocks):
            d_x = block.backward(d_x, self.kept.pop(), gradient)

        # The embeddings: the gradient of a token's row is the sum over the places where it stands
        d_tokens = aten.embedding_dense_backward.default(d_x, self.idx, len(wte), -1, False)
        gradient[id(wte)] = d_tokens if self.model.head is not None else gradient[id(wte)].add_(d_tokens)
        d_positions, unread = d_x.sum(0), len(wpe) - d_x.shape[1]
        gradient[id(wpe)] = F.pad(d_positions, (0, 0, 0, unread)) if unread else d_positions
        del self.last, self.log_p
        return gradient
