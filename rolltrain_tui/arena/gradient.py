"""The gradient of a field's loss, written out: backpropagation, one line a step, from the loss back to the embeddings.

`d_x` is the derivative of the loss by x. An agent's loss depends on its own weights alone, so row k of a weight's derivative is agent k's
gradient. Written by hand because for models this small automatic differentiation costs more than the arithmetic. Letters as in field.py.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.arena.field import Attention, ModelBatch, Normed, Tape, rows_of


@torch.no_grad()
def gradient(field: ModelBatch, windows: Tensor, into: dict[str, Tensor]) -> Tensor:
    """The mean loss of each agent on its windows (K, B, T + 1): (K,). The gradients go `into` tensors shaped like the parameters."""
    idx, targets = windows[:, :, :-1], windows[:, :, 1:].reshape(len(windows), -1, 1)  # (K, B, T), (K, BT, 1)
    (K, B, T), C, gpt, weights = idx.shape, field.shape.n_embd, field.shape.style == "gpt", field.parameters

    # Forward
    tape = Tape()
    log_p = F.log_softmax(field.logits(idx, tape=tape), dim=-1)  # (K, BT, V)
    losses = log_p.gather(2, targets).mean(dim=(1, 2)).neg_()

    # The loss: what was predicted minus what came
    d_logits = log_p.exp_().scatter_add_(2, targets, log_p.new_full(targets.shape, -1.0)).div_(B * T)

    # The head
    into[field.head].copy_(torch.bmm(d_logits.mT, tape.last))
    d_x = torch.bmm(d_logits, weights[field.head])
    if gpt:
        d_x = _norm(d_x, tape.norms[-1], "ln_f.weight", field, into)

    # The blocks, last to first; what goes straight past a part is added to what went through it
    for layer in reversed(range(field.shape.n_layer)):
        name, block = f"blocks.{layer}.", tape.blocks[layer]

        into[name + "mlp.proj.weight"].copy_(torch.bmm(d_x.mT, block.hidden))
        d_hidden = torch.bmm(d_x, weights[name + "mlp.proj.weight"])  # (K, BT, 4C)
        d_before = _gelu(d_hidden, block.before) if gpt else _relu(d_hidden, block.before)
        into[name + "mlp.fc.weight"].copy_(torch.bmm(d_before.mT, block.ln_2.y))
        d_x = d_x + _norm(torch.bmm(d_before, weights[name + "mlp.fc.weight"]), block.ln_2, name + "ln_2.weight", field, into)

        into[name + "attn.proj.weight"].copy_(torch.bmm(d_x.mT, block.attention.y))
        d_qkv = _attention(torch.bmm(d_x, weights[name + "attn.proj.weight"]), block.attention, T)  # (K, BT, 3C)
        into[name + "attn.qkv.weight"].copy_(torch.bmm(d_qkv.mT, block.ln_1.y))
        d_x = d_x + _norm(torch.bmm(d_qkv, weights[name + "attn.qkv.weight"]), block.ln_1, name + "ln_1.weight", field, into)

    # The embeddings: a character's row gathers from every place where it was read
    if not gpt:
        d_x = _norm(d_x, tape.norms[0], "", field, into)
        into["wte.weight"].zero_()  # in a gpt it is the head as well
    into["wte.weight"].scatter_add_(1, rows_of(idx, C), d_x)
    torch.sum(d_x.view(K, B, T, C), dim=1, out=into["wpe.weight"])
    return losses


def _norm(d_y: Tensor, normed: Normed, gain: str, field: ModelBatch, into: dict[str, Tensor]) -> Tensor:
    """Back through a norm: what would only move the mean (layer norm) or stretch the whole has no effect, and is taken out."""
    n, d_n, C = normed.n, d_y, d_y.shape[-1]
    if field.shape.style == "gpt":
        torch.sum(d_y * n, dim=1, out=into[gain])
        d_n = d_y * field.parameters[gain][:, None]
        d_n = torch.sub(d_n, d_n.sum(dim=-1, keepdim=True), alpha=1 / C)
    return torch.addcmul(d_n, n, (d_n * n).sum(dim=-1, keepdim=True), value=-1 / C).mul_(normed.rstd)


def _attention(d_y: Tensor, a: Attention, T: int) -> Tensor:
    """Back through softmax(q k^T / sqrt(D)) v: (K, BT, C) -> (K, BT, 3C)."""
    (K, BT, C), (KBH, _, D) = d_y.shape, a.q.shape
    KB, H, scale = K * BT // T, C // D, 1 / math.sqrt(D)
    d_y = d_y.view(KB, T, H, D).transpose(1, 2).reshape(KBH, T, D)
    d_weights = torch.bmm(d_y, a.v.mT)  # (KBH, T, T)
    d_scores = torch.ops.aten._softmax_backward_data(d_weights, a.weights, -1, d_weights.dtype).mul_(scale)
    d_qkv = d_y.new_empty(3, KBH, T, D)
    torch.bmm(d_scores, a.k, out=d_qkv[0])
    torch.bmm(d_scores.mT, a.q, out=d_qkv[1])
    torch.bmm(a.weights.mT, d_y, out=d_qkv[2])
    return d_qkv.view(3, KB, H, T, D).permute(1, 3, 0, 2, 4).reshape(K, BT, 3 * C)


def _gelu(d_y: Tensor, x: Tensor) -> Tensor:
    found: Tensor = torch.ops.aten.gelu_backward(d_y, x)
    return found


def _relu(d_y: Tensor, x: Tensor) -> Tensor:
    found: Tensor = torch.ops.aten.threshold_backward(d_y, x, 0)
    return found
