"""What agents are, what they cost, and which cannot be."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.arena.agents.agents import (
    AgentError,
    Recipe,
    Shape,
    check_name,
    check_shape,
    configure,
    flops_per_token,
    layout,
    learning_rate,
    num_parameters,
    parse_setting,
)
from rolltrain_tui.arena.agents.roster import preset_of

SHAPES = st.builds(
    lambda head, width, layer, context, style: Shape(n_embd=head * width, n_layer=layer, n_head=head, context=context, style=style),
    st.integers(1, 4),
    st.integers(1, 8),
    st.integers(1, 3),
    st.integers(2, 24),
    st.sampled_from(["gpt", "microgpt"]),
)


@given(shape=SHAPES, vocabulary=st.integers(2, 100))
def test_the_number_of_weights_is_that_of_the_layout(shape: Shape, vocabulary: int) -> None:
    """The formula shown at creation counts exactly the weights that are made."""
    assert num_parameters(shape, vocabulary) == sum(math.prod(dims) for dims in layout(shape, vocabulary).values())


@pytest.mark.parametrize("style", ["gpt", "microgpt"])
@pytest.mark.parametrize("size", [(16, 1, 4, 16), (32, 2, 4, 24), (8, 1, 2, 8)])
@pytest.mark.slow
def test_energy_agrees_with_the_flop_counter(style: Any, size: tuple[int, int, int, int]) -> None:
    """What a step is said to cost is within 5 % of what PyTorch's own counter sees in forward and backward."""
    from torch.utils.flop_counter import FlopCounterMode

    from rolltrain_tui.arena.agents.corpora import corpus_of
    from rolltrain_tui.arena.training.model_batch import ModelBatch
    from rolltrain_tui.arena.training.trainer import Trainer, TrainJob

    n_embd, n_layer, n_head, context = size
    shape = Shape(n_embd=n_embd, n_layer=n_layer, n_head=n_head, context=context, style=style)
    corpus = corpus_of("names", context)
    trainer = Trainer(ModelBatch.fresh(shape, len(corpus.vocabulary), [0, 1]), corpus, [TrainJob(Recipe(batch=4), 0, 10)] * 2)
    with FlopCounterMode(display=False) as counter:
        trainer.take_step()
    claimed = 2 * 4 * context * flops_per_token(shape, len(corpus.vocabulary))
    assert claimed == pytest.approx(counter.get_total_flops(), rel=0.05)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ({"n_embd": 9, "n_layer": 1, "n_head": 2}, "cannot be shared evenly by 2 heads"),
        ({"n_embd": 8, "n_layer": 0, "n_head": 2}, "layers: 0 is not possible"),
        ({"n_embd": 8, "n_layer": -1, "n_head": 2}, "layers: -1"),
        ({"n_embd": 8, "n_layer": 1, "n_head": 0}, "heads: 0"),
        ({"n_embd": 0, "n_layer": 1, "n_head": 1}, "width: 0"),
        ({"n_embd": 4096, "n_layer": 64, "n_head": 2}, "too many for the arena"),
        ({"n_embd": 10**9, "n_layer": 1, "n_head": 2}, "width: 1000000000"),
        ({"n_embd": 8, "n_layer": 1, "n_head": 2, "context": 1}, "context: 1"),
    ],
)
def test_malformed_shapes(shape: dict[str, int], says: str) -> None:
    """Each is refused in words that name the value."""
    with pytest.raises(AgentError, match=says):
        check_shape(Shape(**shape), 55)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a/b", "..", "", "-x", "con", "a b", "x" * 25, "né", "a\x1b[2J", "a\n", "nul"])
def test_malformed_names(name: str) -> None:
    """No name leads out of the folder, to a device, or onto the terminal."""
    with pytest.raises(AgentError, match="cannot be the name"):
        check_name(name)


@pytest.mark.parametrize("name", ["con", "CON", "Lpt1"])
def test_a_name_that_windows_keeps_for_itself_is_refused_for_that(name: str) -> None:
    """Its letters are good, so the sentence is not about letters."""
    with pytest.raises(AgentError, match="on Windows no file may be called so"):
        check_name(name)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("learning_rte", "1", "did you mean learning_rate"),
        ("batch", "2.5", "not a whole number"),
        ("batch", "0", "choose 1 to 1024"),
        ("learning_rate", "nan", "not possible"),
        ("beta1", "1", "choose 0 to"),
        ("decay", "sideways", "constant, linear or cosine"),
        ("seed", "9" * 5000, "not"),
    ],
)
def test_malformed_settings(key: str, value: str, says: str) -> None:
    """Each is refused in words; nothing is changed."""
    with pytest.raises(AgentError, match=says):
        parse_setting(Recipe(), key, value)


def test_a_change_is_kept_in_the_record(agent: Any) -> None:
    """config learning_rate 10.0 acts from the next step and is written down."""
    changed = configure(agent().agent, "lr", "10.0")
    assert 10.0 == changed.recipe.learning_rate
    assert ("learning_rate", "0.01", "10.0", 0) == tuple(getattr(changed.changes[0], name) for name in ("name", "before", "after", "step"))


@given(decay=st.sampled_from(["constant", "linear", "cosine"]), warmup=st.integers(0, 20), steps=st.integers(1, 300))
def test_schedule(decay: Any, warmup: int, steps: int) -> None:
    """The rate is never above the peak nor at zero, and never rises after the warm-up."""
    recipe = Recipe(decay=decay, warmup=warmup)
    rates = [learning_rate(recipe, step, steps) for step in range(steps + 5)]
    assert all(0 < rate <= recipe.learning_rate for rate in rates)
    assert all(a >= b for a, b in zip(rates[warmup:], rates[warmup + 1 :], strict=False))
    assert recipe.learning_rate == learning_rate(recipe, warmup + steps, 0)


def test_presets() -> None:
    """microgpt is what its name promises; another name is refused."""
    shape, _ = preset_of("microgpt")
    assert (16, 1, 4, 16, "microgpt") == (shape.n_embd, shape.n_layer, shape.n_head, shape.context, shape.style)
    with pytest.raises(AgentError, match="there is microgpt"):
        preset_of("gpt5")
