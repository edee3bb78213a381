"""The whole GPT: a pre-norm decoder-only transformer over token ids, from its config to its own text.

It knows nothing of characters, optimisers or devices: token ids in, logits out. Shapes are written beside the tensors with
B sequences in the batch, T positions, C channels (n_embd), H heads of D = C / H channels, V tokens in the vocabulary.
"""

import math
from dataclasses import dataclass, fields
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class GPTConfig:
    vocab_size: int
    n_layer: int
    n_head: int
    n_embd: int
    """Width; a multiple of n_head."""
    context: int
    """Positions the model can look back, itself included."""
    dropout: float = 0.0
    bias: bool = False
    """Biases in the linear layers and layer norms."""
    tie_weights: bool = True
    """The output layer is the token embedding, transposed (Press & Wolf, 2017)."""

    @classmethod
    def of(cls, section: Any, vocab_size: int) -> Self:
        """From the section of a campaign, whose fields have the same names."""
        return cls(
            vocab_size=vocab_size, **{field.name: getattr(section, field.name) for field in fields(cls) if field.name != "vocab_size"}
        )


HAND_WRITTEN_CONTEXT = 1024
"""Longest sequence for which attention in bf16 on a CPU is computed by hand.

PyTorch's fused CPU attention is slow in bf16: forward and backward by hand were measured (2 Zen 4 cores, torch 2.13) at 6.2x its
speed for T = 16, 3.6x at 64, 3.1x at 128, 1.8x at 256, 1.9x at 512 and 1.1x at 1024; beyond that there is nothing to gain
and the T x T scores cost memory. In fp32 the fused kernel is faster or equal (by hand: 0.6x at 16, 0.95x at 64, 1.08x at 128,
0.7x at 1024), so it is used there, and on every other device.
"""

# ---------------------------------------------------------------------------------------------------------------------
# Layers. They are created empty: GPT.__init__ draws all weights from the stream it is given, never from the global one.


class Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Left to GPT.__init__."""


class Embedding(nn.Embedding):
    def reset_parameters(self) -> None:
        """Left to GPT.__init__."""


class KeyValueCache:
    """Keys and values of the positions already read, so that each new token costs one position instead of T."""

    def __init__(self, config: GPTConfig, batch: int, like: Tensor) -> None:
        shape = (config.n_layer, batch, config.n_head, config.context, config.n_embd // config.n_head)
        self.keys = torch.empty(shape, dtype=like.dtype, device=like.device)  # (L, B, H, context, D)
        self.values = torch.empty_like(self.keys)
        self.length = 0

    def extend(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Add k, v (B, H, T, D) behind the `length` positions of `layer`; all its keys and values (B, H, length + T, D)."""
        end = self.length + k.shape[2]
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]


class Attention(nn.Module):
    mask: Tensor

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.layer, self.n_head, self.dropout = layer, config.n_head, config.dropout
        self.qkv = Linear(config.n_embd, 3 * config.n_embd, bias=config.bias)
        self.proj = Linear(config.n_embd, config.n_embd, bias=config.bias)
        # 0 where a position may look, -inf where the future is: added to the scores. Only the hand-written path reads it.
        T = config.context if config.context <= HAND_WRITTEN_CONTEXT else 0
        self.register_buffer("mask", torch.full((T, T), -math.inf).triu(1), persistent=False)

    def forward(self, x: Tensor, cache: KeyValueCache | None, mask: Tensor | None = None) -> Tensor:
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.n_head, -1).transpose(1, 2) for t in self.qkv(x).split(C, dim=2))  # each (B, H, T, D)
        if cache is not None:
            k, v = cache.extend(self.layer, k, v)  # a cached call reads either the first T positions or one more
        dropout = self.dropout if self.training else 0.0
        if mask is not None:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        elif T > 1 and q.dtype is torch.bfloat16 and q.device.type == "cpu" and T <= self.mask.shape[0]:
            y = self.attend_by_hand(q, k, v, dropout)
        else:
            y = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=T > 1)
        y = y.transpose(1, 2).reshape(B, T, C)
        return F.dropout(self.proj(y), dropout, self.training)

    def attend_by_hand(self, q: Tensor, k: Tensor, v: Tensor, dropout: float) -> Tensor:
        """softmax(q k^T / sqrt(D) + mask) v; one call makes the product, the scaling and the mask."""
        B, H, T, D = q.shape
        q, k, v = (t.reshape(B * H, T, D) for t in (q, k, v))
        scores = torch.baddbmm(self.mask[:T, :T], q, k.transpose(1, 2), alpha=1 / math.sqrt(D))  # (B H, T, T)
        weights = F.dropout(F.softmax(scores, dim=-1), dropout, self.training)
        return torch.bmm(weights, v).view(B, H, T, D)


class MLP(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.fc = Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
        self.proj = Linear(4 * config.n_embd, config.n_embd, bias=config.bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(self.proj(F.gelu(self.fc(x))), self.dropout, self.training)  # GELU exact (erf), not the tanh form


class Block(nn.Module):
    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, bias=config.bias)
        self.attn = Attention(config, layer)
        self.ln_2 = nn.LayerNorm(config.n_embd, bias=config.bias)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, cache: KeyValueCache | None, mask: Tensor | None = None) -> Tensor:
        x = x + self.attn(self.ln_1(x), cache, mask)
        x = x + self.mlp(self.ln_2(x))
        return x  # noqa: RET504 - two like lines for two like sublayers


# ---------------------------------------------------------------------------------------------------------------------
# The model


class GPT(nn.Module):
    """`generator` is the init stream: the same state gives the same weights, and the global stream is not touched."""

    def __init__(self, config: GPTConfig, generator: torch.Generator) -> None:
        super().__init__()
        assert config.n_embd % config.n_head == 0, "n_embd must be a multiple of n_head"
        self.config = config
        self.wte = Embedding(config.vocab_size, config.n_embd)
        self.wpe = Embedding(config.context, config.n_embd)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.n_layer))
        self.ln_f = nn.LayerNorm(config.n_embd, bias=config.bias)
        self.head = None if config.tie_weights else Linear(config.n_embd, config.vocab_size, bias=False)
        self.draw_weights(generator)

    @torch.no_grad()
    def draw_weights(self, generator: torch.Generator) -> None:
        """Matrices ~ N(0, 0.02), biases 0, norms 1.

        The 2 n_layer projections that add to the residual stream are smaller by sqrt(2 n_layer), so that its variance does
        not grow with depth (GPT-2).
        """
        for name, p in self.named_parameters():
            if p.dim() >= 2:
                std = 0.02 / math.sqrt(2 * self.config.n_layer) if name.endswith("proj.weight") else 0.02
                p.normal_(0.0, std, generator=generator)
            elif name.endswith("bias"):
                p.zero_()

    def forward(self, idx: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """Token ids (B, T) -> logits (B, T, V); with a cache, those of the last position only: (B, 1, V)."""
        return self.logits(self.hidden(idx, cache))

    def hidden(
        self,
        idx: Tensor,
        cache: KeyValueCache | None = None,
        *,
        positions: Tensor | None = None,
        mask: Tensor | None = None,
        last: Tensor | None = None,
    ) -> Tensor:
        """The last hidden layer: (B, T, C); with a cache, of the last position only, or of position `last` (B,) of each row: (B, 1, C).

        A reader may have an order of its own: `positions` (B, T), and `mask` (B, 1, T, T), added to the scores; with a cache that holds
        n positions before these, (B, 1, T, n + T).
        """
        start = cache.length if cache is not None else 0
        end = start + idx.shape[1]
        assert positions is not None or end <= self.config.context, f"{end} positions do not fit a context of {self.config.context}"
        x = self.wte(idx) + (self.wpe.weight[start:end] if positions is None else self.wpe(positions))  # (B, T, C)
        x = F.dropout(x, self.config.dropout, self.training)
        for block in self.blocks:
            x = block(x, cache, mask)
        if cache is not None:
            cache.length = end
            x = x[:, -1:] if last is None else x.gather(1, last[:, None, None].expand(-1, 1, x.shape[2]))
        read: Tensor = self.ln_f(x)
        return read

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., C) -> (..., V)."""
        return F.linear(hidden, self.wte.weight if self.head is None else self.head.weight)

    def loss(self, idx: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy in nats per token; idx and targets are (B, T)."""
        return mean_loss(self(idx), targets)

    @torch.inference_mode()
    def generate(
        self,
        idx: Tensor,
        n: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        generator: torch.Generator | None = None,
        stride: int | None = None,
    ) -> Tensor:
        """idx (B, T >= 1) followed by n sampled tokens: (B, T + n).

        Each token is drawn from softmax(logits / temperature), with top_k among the k likeliest only. When the window of `context`
        tokens is full it slides on by `stride` tokens at once, a quarter of the context unless given. Since positions are absolute
        no cached key is right after that and the window is read anew; with stride 1 that is the textbook loop, one reading a token.
        """
        stride = stride or max(1, self.config.context // 4)
        was_training = self.training
        self.eval()
        B, T = idx.shape
        text = torch.empty(B, T + n, dtype=idx.dtype, device=idx.device)
        text[:, :T] = idx
        cache: KeyValueCache | None = None
        for t in range(T, T + n):
            if cache is not None and cache.length < self.config.context:
                logits = self(text[:, t - 1 : t], cache)
            else:
                cache = KeyValueCache(self.config, B, like=self.wte.weight)
                logits = self(text[:, window_start(t, self.config.context, stride) : t], cache)
            text[:, t] = draw(logits[:, -1], temperature, top_k, generator)
        self.train(was_training)
        return text

    def num_parameters(self) -> int:
        return sum(p.numel() for p in self.parameters())

    def flops_per_token(self) -> int:
        """Model FLOPs of training on one token, forward and backward: 6 N + 12 L C T (PaLM, appendix B).

        N counts the weights that a matrix product reads: all linear layers and the output layer (the token embedding, where tied).
        Looking up an embedding, adding a position, norms and biases are left out. The second term is attention's two T x T products,
        counted whole although the causal mask throws half of them away, as is the custom.
        """
        config = self.config
        N = config.n_layer * 12 * config.n_embd**2 + config.vocab_size * config.n_embd
        return 6 * N + 12 * config.n_layer * config.n_embd * config.context


def mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy in nats per token: logits (B, T, V), targets (B, T) -> (). In fp32 whatever the logits are."""
    return F.cross_entropy(logits.view(-1, logits.shape[-1]).float(), targets.reshape(-1))


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy in nats of every token: logits (B, T, V), targets (B, T) -> (B, T)."""
    losses = F.cross_entropy(logits.view(-1, logits.shape[-1]).float(), targets.reshape(-1), reduction="none")
    return losses.view(targets.shape)


def window_start(t: int, context: int, stride: int) -> int:
    """First of the tokens that are read to draw token t: a multiple of stride, so that no more than `context` of them are read."""
    return max(0, math.ceil((t - context) / stride) * stride)


def draw(logits: Tensor, temperature: float, top_k: int | None, generator: torch.Generator | None) -> Tensor:
    """One token for each row of logits (B, V) -> (B,). The draw itself is on the CPU, where `generator` lives."""
    logits = (logits.float().cpu() / temperature).nan_to_num_()  # a network that has burst babbles, and does not end the run
    if top_k is not None:
        kth = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < kth, -math.inf)
    return torch.multinomial(F.softmax(logits, dim=-1), 1, generator=generator)[:, 0].to(logits.device)
