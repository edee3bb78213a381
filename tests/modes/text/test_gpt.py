import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from rolltrain_tui.modes.text.gpt import GPT, GPTConfig, KeyValueCache, draw

CONFIG = GPTConfig(vocab_size=11, n_layer=2, n_head=2, n_embd=16, context=8)


def build(config: GPTConfig = CONFIG, seed: int = 0) -> GPT:
    return GPT(config, torch.Generator().manual_seed(seed))


def tokens(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(CONFIG.vocab_size, shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_position_t_cannot_see_the_future(dtype: torch.dtype) -> None:
    """Changing token t + 1 changes no logit up to t and does change those after, in the fused and the hand-written attention."""
    model, idx = build(), tokens(3, 8)
    changed = idx.clone()
    changed[:, 5] = (idx[:, 5] + 1) % CONFIG.vocab_size
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        before, after = model(idx), model(changed)
    assert torch.equal(before[:, :5], after[:, :5])
    assert all(not torch.equal(before[:, t], after[:, t]) for t in range(5, 8))


def test_hand_written_attention_is_the_fused_one() -> None:
    """Both paths give the same output and gradients in fp32."""
    attention = build().blocks[0].attn
    qkv = [torch.randn(3, 2, 6, 8, requires_grad=True) for _ in range(3)]
    by_hand = attention.attend_by_hand(*qkv, dropout=0.0)
    fused = functional.scaled_dot_product_attention(*qkv, is_causal=True)
    torch.testing.assert_close(by_hand, fused, rtol=1e-5, atol=1e-6)
    upstream = torch.randn_like(fused)
    for mine, theirs in zip(torch.autograd.grad(by_hand, qkv, upstream), torch.autograd.grad(fused, qkv, upstream), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def test_bf16_is_the_same_function() -> None:
    """Under autocast the loss agrees with fp32 to bf16's three digits, and the hand-written attention is what ran."""
    model, x, y = build(), tokens(4, 8), tokens(4, 8, seed=2)
    calls = []
    attention = model.blocks[0].attn
    by_hand = attention.attend_by_hand
    attention.attend_by_hand = lambda *args: calls.append(args[0].dtype) or by_hand(*args)
    expected = model.loss(x, y)
    with torch.autocast("cpu", torch.bfloat16):
        actual = model.loss(x, y)
    assert calls == [torch.bfloat16]
    assert expected.item() == pytest.approx(actual.item(), rel=1e-2)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("prefix", [1, 3, 7])
def test_cached_logits_equal_uncached(prefix: int, bias: bool) -> None:
    """Reading a prefix and then one token at a time gives the logits of reading everything at once."""
    model, idx = build(replace(CONFIG, bias=bias)), tokens(2, 8)
    expected = model(idx)
    cache = KeyValueCache(CONFIG, 2, like=model.wte.weight)
    with torch.no_grad():
        pieces = [model(idx[:, :prefix], cache), *(model(idx[:, t : t + 1], cache) for t in range(prefix, 8))]
    for t, logits in zip(range(prefix - 1, 8), pieces, strict=True):
        torch.testing.assert_close(logits[:, 0], expected[:, t], rtol=0, atol=1e-4)


@pytest.mark.parametrize("prompt", [3, 8, 21])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_generate_equals_a_loop_without_cache(stride: int, prompt: int) -> None:
    """Cached sampling draws what a loop draws that reads its window anew each time: with stride 1 the last `context` tokens."""
    model, start = build().eval(), tokens(2, prompt)
    for p in model.parameters():
        p.data.mul_(4)  # far from uniform, so that a wrong logit is a wrong token
    text, stream = start, torch.Generator().manual_seed(5)
    for t in range(prompt, prompt + 20):
        begin = 0
        while t - begin > CONFIG.context:
            begin += stride
        logits = model(text[:, begin:])[:, -1]
        text = torch.cat((text, draw(logits, 0.7, 5, stream)[:, None]), dim=1)
    actual = model.generate(start, 20, temperature=0.7, top_k=5, generator=torch.Generator().manual_seed(5), stride=stride)
    assert text.tolist() == actual.tolist()


def test_generate_leaves_no_trace() -> None:
    """It draws from its own stream only and gives the model back in training mode, with dropout off while it wrote."""
    model, start = build(replace(CONFIG, dropout=0.5)), tokens(1, 2)
    before = torch.get_rng_state()
    first, second = (model.generate(start, 10, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert first.tolist() == second.tolist()
    assert torch.equal(before, torch.get_rng_state())
    assert model.training


def test_top_k_keeps_the_likeliest() -> None:
    """With top_k = 2 only the two largest logits are ever drawn, with their own odds."""
    logits = torch.tensor([[0.0, 2.0, 1.0, -1.0]]).expand(4000, 4)
    drawn = draw(logits, 1.0, 2, torch.Generator().manual_seed(0)).bincount(minlength=4)
    assert drawn[0] == drawn[3] == 0
    assert drawn[1].item() / 4000 == pytest.approx(1 / (1 + math.exp(-1)), abs=0.03)


def test_low_temperature_is_greedy() -> None:
    """As the temperature falls the likeliest token is always drawn."""
    logits = torch.tensor([[0.0, 2.0, 1.9]]).expand(500, 3)
    assert draw(logits, 0.01, None, torch.Generator().manual_seed(0)).unique().tolist() == [1]


def test_weights_come_from_the_given_stream_only() -> None:
    """The same stream gives the same weights, another gives others, and the global stream is not touched."""
    before = torch.get_rng_state()
    same, again, other = build(seed=1), build(seed=1), build(seed=2)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(p, q) for p, q in zip(same.parameters(), again.parameters(), strict=True))
    assert not torch.equal(same.wte.weight, other.wte.weight)


def test_residual_projections_start_smaller() -> None:
    """Projections into the residual stream have std 0.02 / sqrt(2 n_layer), other matrices 0.02; norms are 1, biases 0."""
    model = build(replace(CONFIG, n_layer=8, n_embd=64, bias=True))
    stds = {name: p.std().item() for name, p in model.named_parameters() if p.dim() == 2}
    for name, std in stds.items():
        assert std == pytest.approx(0.02 / 4 if name.endswith("proj.weight") else 0.02, rel=0.15), name
    for name, p in model.named_parameters():
        if p.dim() == 1:
            assert p.unique().tolist() == [0.0 if name.endswith("bias") else 1.0], name


def test_an_untrained_model_knows_nothing() -> None:
    """The loss at the start is that of a uniform guess, ln V."""
    assert build().loss(tokens(8, 8), tokens(8, 8, seed=2)).item() == pytest.approx(math.log(11), abs=0.05)


def test_tied_weights_are_one_tensor() -> None:
    """Untied, the model has one V x C matrix more; tied, the output layer's gradient reaches the embedding of unseen tokens."""
    tied, untied = build(), build(replace(CONFIG, tie_weights=False))
    assert untied.num_parameters() - tied.num_parameters() == 11 * 16
    x, y = torch.zeros(1, 4, dtype=torch.long), torch.ones(1, 4, dtype=torch.long)
    for model in (tied, untied):
        model.loss(x, y).backward()
    assert tied.wte.weight.grad[7].abs().sum() > 0
    assert untied.wte.weight.grad[7].abs().sum() == 0


@pytest.mark.parametrize("tie", [True, False])
def test_flops_count_the_matrix_products(tie: bool) -> None:
    """6 N + 12 L C T, N being all matrices but the position embedding and, untied, the token embedding."""
    model = build(replace(CONFIG, tie_weights=tie, bias=True))
    lookups = {"wpe.weight"} | (set() if tie else {"wte.weight"})
    N = sum(p.numel() for name, p in model.named_parameters() if p.dim() == 2 and name not in lookups)
    assert 6 * N + 12 * 2 * 16 * 8 == model.flops_per_token()


@pytest.mark.slow
def test_overfits_one_batch() -> None:
    """Two hundred plain steps on one batch bring its loss near zero."""
    model, x, y = build(), tokens(4, 8), tokens(4, 8, seed=2)
    x[:, 0] = torch.arange(4)  # no two sequences begin alike, so every target can be known
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(200):
        optimizer.zero_grad()
        loss = model.loss(x, y)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_only_in_training(dtype: torch.dtype) -> None:
    """Two passes differ in training and agree in evaluation."""
    model, idx = build(replace(CONFIG, dropout=0.5)), tokens(2, 8)
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        assert not torch.equal(model(idx), model(idx))
        model.eval()
        assert torch.equal(model(idx), model(idx))
