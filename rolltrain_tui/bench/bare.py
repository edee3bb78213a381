"""The bare contestant: a textbook GPT and training loop in a process without rolltrain.

    python -m rolltrain_tui.bench.bare TOKENS.pt '{"n_layer": 4, ...}'

PyTorch defaults: AdamW, scaled_dot_product_attention, clip_grad_norm_, `loss.item()` every step, float32; as many threads as the
campaign names, or all cores.
It reads block sizes from standard input, one per line, and prints the seconds of each block.
"""

import json
import sys
import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    def __init__(self, n_embd: int, n_head: int, bias: bool) -> None:
        super().__init__()
        self.n_head = n_head
        self.ln_1 = nn.LayerNorm(n_embd, bias=bias)
        self.qkv = nn.Linear(n_embd, 3 * n_embd, bias=bias)
        self.proj = nn.Linear(n_embd, n_embd, bias=bias)
        self.ln_2 = nn.LayerNorm(n_embd, bias=bias)
        self.mlp = nn.Sequential(nn.Linear(n_embd, 4 * n_embd, bias=bias), nn.GELU(), nn.Linear(4 * n_embd, n_embd, bias=bias))

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for part in self.qkv(self.ln_1(x)).split(C, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp(self.ln_2(x))  # type: ignore[no-any-return]


class GPT(nn.Module):
    def __init__(self, vocabulary: int, n_layer: int, n_head: int, n_embd: int, context: int, bias: bool) -> None:
        super().__init__()
        self.wte = nn.Embedding(vocabulary, n_embd)
        self.wpe = nn.Embedding(context, n_embd)
        self.blocks = nn.Sequential(*(Block(n_embd, n_head, bias) for _ in range(n_layer)))
        self.ln_f = nn.LayerNorm(n_embd, bias=bias)
        self.lm_head = nn.Linear(n_embd, vocabulary, bias=False)
        self.lm_head.weight = self.wte.weight
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        h = self.wte(x) + self.wpe(torch.arange(x.shape[1], device=x.device))
        logits = self.lm_head(self.ln_f(self.blocks(h)))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]), y.view(-1))


def train(data: Tensor, sizes: dict[str, Any]) -> None:
    """For each number on standard input, take that many steps and print the seconds."""
    context, batch = sizes["context"], sizes["batch"]
    if sizes["threads"] != "auto":
        torch.set_num_threads(sizes["threads"])
    model = GPT(sizes["vocabulary"], sizes["n_layer"], sizes["n_head"], sizes["n_embd"], context, sizes["bias"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=sizes["lr"], betas=(0.9, 0.99), weight_decay=0.1)
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            ix = torch.randint(len(data) - context, (batch,))
            x = torch.stack([data[i : i + context] for i in ix])
            y = torch.stack([data[i + 1 : i + 1 + context] for i in ix])
            loss = model(x, y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            loss.item()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    train(torch.load(sys.argv[1], weights_only=True), json.loads(sys.argv[2]))
