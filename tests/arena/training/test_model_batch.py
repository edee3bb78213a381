"""K agents as one computation: the same mathematics, no influence on each other, nothing lost when interrupted."""

from collections import deque
from typing import Any

import pytest
import torch

from rolltrain_tui.arena.agents.agent_file import LOSSES, Champion
from rolltrain_tui.arena.agents.agents import AgentError, Recipe, Shape
from rolltrain_tui.arena.agents.corpora import corpus_of
from rolltrain_tui.arena.training.diagnosis import examine
from rolltrain_tui.arena.training.events import SettingChanged, SettingRefused, Trained
from rolltrain_tui.arena.training.model_batch import ModelBatch
from rolltrain_tui.arena.training.sampling import write
from rolltrain_tui.arena.training.trainer import PAGE, Trainer, TrainJob, WindowSampler
from rolltrain_tui.arena.training.training import train
from rolltrain_tui.modes.text.gpt import GPT, GPTConfig, mean_loss

V = 55


def shape(**values: Any) -> Shape:
    return Shape(**{"n_embd": 8, "n_layer": 2, "n_head": 2, "context": 8, **values})


def a_gpt(field: ModelBatch, k: int) -> GPT:
    s = field.shape
    config = GPTConfig(vocab_size=V, n_layer=s.n_layer, n_head=s.n_head, n_embd=s.n_embd, context=s.context)
    model = GPT(config, torch.Generator())
    model.load_state_dict({name: p[k].detach().clone() for name, p in field.parameters.items()})
    return model


def test_every_window_of_a_text_is_drawn_and_none_beyond_it() -> None:
    """Of a text with three windows; and a text of one window is that window."""
    text = torch.arange(7)
    drawn = torch.cat([WindowSampler(text, 4, 32, [0, 1]).windows(step).flatten(0, 1) for step in (0, 1, PAGE)])
    assert {tuple(window) for window in drawn.tolist()} == {tuple(range(start, start + 5)) for start in range(3)}
    assert WindowSampler(text, 6, 1, [0]).windows(3).flatten().tolist() == text.tolist()


def test_it_is_the_gpt_of_the_house() -> None:
    """Agent k's logits are those of training.gpt.GPT with the same weights; only rounding differs."""
    field = ModelBatch.fresh(shape(), V, [0, 1, 2])
    idx = torch.randint(V, (3, 4, 8), generator=torch.Generator().manual_seed(0))
    for k in range(3):
        torch.testing.assert_close(field.logits(idx)[k].view(4, 8, V), a_gpt(field, k)(idx[k]))


def test_it_trains_as_torch_trains() -> None:
    """Twenty steps side by side, with settings of each agent's own, follow torch's AdamW and clipping on lone GPTs."""
    recipes = [Recipe(batch=4, learning_rate=0.01, clip=0.5), Recipe(batch=4, learning_rate=0.003, beta1=0.8, weight_decay=0.1, clip=0.0)]
    corpus = corpus_of("names", 8)
    field = ModelBatch.fresh(shape(), V, [0, 1])
    gpts = [a_gpt(field, k) for k in range(2)]
    trainer = Trainer(field, corpus, [TrainJob(recipe, 5, 20) for recipe in recipes])
    optimizers = []
    for model, r in zip(gpts, recipes, strict=True):
        matrices, vectors = [p for p in model.parameters() if p.dim() == 2], [p for p in model.parameters() if p.dim() == 1]
        groups = [{"params": matrices, "weight_decay": r.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
        optimizers.append(torch.optim.AdamW(groups, lr=1.0, betas=(r.beta1, r.beta2), eps=r.eps))
    from rolltrain_tui.arena.agents.agents import learning_rate

    for step in range(20):
        windows = trainer.sampler.windows(step)[0]
        trainer.take_step()
        for k, (model, optimizer, recipe) in enumerate(zip(gpts, optimizers, recipes, strict=True)):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(recipe, step, 20)
            optimizer.zero_grad()
            loss = mean_loss(model(windows[:, :-1]), windows[:, 1:])
            loss.backward()
            if recipe.clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            optimizer.step()
            assert loss.item() == pytest.approx(trainer.losses[-1][k].item(), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["gpt", "microgpt"])
def test_neighbours_do_not_matter(style: Any) -> None:
    """An agent's numbers are the same to the last bit beside a neighbour that bursts as beside a healthy one."""
    corpus = corpus_of("names", 8)

    def run(rate: float) -> tuple[torch.Tensor, list[str]]:
        field = ModelBatch.fresh(shape(style=style), V, range(8))
        recipes = [Recipe(batch=32)] * 7 + [Recipe(batch=32, learning_rate=rate, clip=0.0, warmup=0)]  # large enough for two halves
        trainer = Trainer(field, corpus, [TrainJob(recipe, 1, 30) for recipe in recipes])
        for _ in range(30):
            trainer.take_step()
        return field.theta[:7].clone(), [line for lines in write(field, corpus, 3, [0] * 8)[:7] for line in lines]

    calm, wild = run(0.01), run(1e6)
    assert torch.equal(calm[0], wild[0])
    assert calm[1] == wild[1]


def test_what_is_not_finite_is_not_applied() -> None:
    """An agent whose loss is not a number keeps its weights, its skipped steps are counted, and its neighbour learns on."""
    corpus = corpus_of("names", 8)
    field = ModelBatch.fresh(shape(), V, [0, 1])
    with torch.no_grad():
        field.parameters["wte.weight"][1] = float("nan")
    before = field.theta.clone()
    trainer = Trainer(field, corpus, [TrainJob(Recipe(batch=4), 0, 10)] * 2)
    for _ in range(5):
        trainer.take_step()
    assert [0, 5] == trainer.skipped.tolist()
    assert torch.equal(before[1].nan_to_num(7.0), field.theta[1].nan_to_num(7.0))
    assert not torch.equal(before[0], field.theta[0])


@pytest.mark.parametrize("style", ["gpt", "microgpt"])
def test_the_cache_changes_nothing(style: Any) -> None:
    """What is written with cached keys is what reading the window anew would write."""
    corpus = corpus_of("names", 8)
    field = ModelBatch.fresh(shape(style=style), V, [3])
    from rolltrain_tui.arena.training.model_batch import AttentionCache

    idx = torch.randint(V, (1, 5, 8), generator=torch.Generator().manual_seed(1))
    cache = AttentionCache(field.shape, 5)
    with torch.no_grad():
        for t in range(8):
            cached = field.logits(idx[:, :, t : t + 1], cache)
        torch.testing.assert_close(cached[0], field.logits(idx).view(1, 5, 8, V)[0, :, -1])
    assert write(field, corpus, 4, [9]) == write(field, corpus, 4, [9])


def trained(champion: Champion, steps: int, **given: Any) -> Champion:
    return next(event.champion for event in train(champion, steps, **given) if isinstance(event, Trained))


def test_resumed_is_uninterrupted(agent: Any) -> None:
    """Thirty steps at once, and in three pieces with the agent written down between them, give the same bytes."""
    from rolltrain_tui.arena.agents.agent_file import dump, parse

    pieces = agent()
    for steps in (1, 12, 17):
        pieces = parse(dump(trained(pieces, steps)), "x")
    whole = trained(agent(), 30)
    assert whole.blobs == pieces.blobs
    assert whole.agent.step == pieces.agent.step == len(whole.blobs[LOSSES].numbers())


def test_stopped_keeps_what_was_learnt(agent: Any) -> None:
    """A training that is stopped half-way is as far as it came."""
    seen: list[int] = []
    found = trained(agent(), 50, stopped=lambda: len(seen) >= 10 or bool(seen.append(1)))
    assert found.blobs == trained(agent(), 10).blobs


def test_settings_act_at_the_next_step(agent: Any) -> None:
    """A value that is changed on the way is acknowledged with its step, acts, and is in the record; a wrong one is refused in words."""
    orders = deque([("learning_rate", "0.5"), ("learning_rate", "none"), ("batch", "2")])
    events = list(train(agent(), 6, settings=orders))
    changed = [event for event in events if isinstance(event, SettingChanged)]
    assert [("learning_rate", "0.01", "0.5", 0), ("batch", "4", "2", 0)] == [(e.name, e.before, e.after, e.step) for e in changed]
    assert any(isinstance(event, SettingRefused) and "not a number" in event.reason for event in events)
    champion = events[-1].champion  # type: ignore[union-attr]
    assert 2 == len(champion.agent.changes)
    assert champion.blobs != trained(agent(), 6).blobs


def test_another_text(agent: Any) -> None:
    """An agent is not trained on a text that is not its own."""
    from dataclasses import replace

    champion = agent()
    champion = replace(champion, agent=replace(champion.agent, text_sha256="0" * 64))
    with pytest.raises(AgentError, match="another text"):
        next(train(champion, 1))


@pytest.mark.slow
def test_an_exploding_agent_is_diagnosed(agent: Any) -> None:
    """At learning rate 10 the diagnosis says exploding and names the rate; a healthy agent is not called that; nothing is changed."""
    sick = trained(agent(learning_rate=10.0), 60)
    found = examine(sick)
    assert "is exploding" in found.verdict
    assert "10" in found.verdict
    assert {"above_chance", "loss_rise"} <= {reading.signal for reading in found.sick}
    well = trained(agent(), 60)
    assert "exploding" not in examine(well).verdict
    assert well.blobs == trained(agent(), 60).blobs
    assert "not been trained" in examine(agent()).verdict


def test_it_learns(agent: Any) -> None:
    """Sixty steps take a good part off the loss."""
    found = trained(agent(), 60)
    assert found.agent.val_loss is not None
    assert found.agent.val_loss < 3.5
