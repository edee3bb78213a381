"""The pace of a run: one verdict and an interval from what scouts found."""

import math
from collections.abc import Callable, Mapping, Sequence
from math import exp, inf, isfinite, log, nan
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rolltrain_tui.base.statistics import mean_and_error
from rolltrain_tui.rules.health.pace import (
    ANEW,
    BEYOND,
    HERE,
    HOT,
    SLOW,
    BestStep,
    best_step,
    clearly_better,
    differences,
    next_here,
    tells,
)

SEQUENCES = 64
LARGER = (1 / 3, 1.0, 3.0, 9.0)
SMALLER = tuple(1 / k for k in LARGER)
Loss = Callable[[float], float]
"""Of log k."""
LOST = [nan] * SEQUENCES


def scattered(loss: Loss, ks: Sequence[float], *, noise: float = 0.0, seed: int = 1) -> dict[float, list[float]]:
    """Scouts whose mean is about this loss: sequences differ much in how hard they are, and by `noise` from scout to scout."""
    draws = Random(seed)
    hard = [draws.gauss(0, 0.5) for _ in range(SEQUENCES)]
    return {k: [loss(log(k)) + each + draws.gauss(0, noise) for each in hard] for k in ks}


def parabola(vertex: float, curve: float) -> Loss:
    return lambda x: 2 + curve * (x - vertex) ** 2


def mirrored(here: Mapping[float, Sequence[float]]) -> dict[float, Sequence[float]]:
    """The same values, as if what was tried by larger steps had been tried by smaller ones."""
    return {1 / k: values for k, values in here.items()}


def same_step(one: float, other: float) -> bool:
    return one == other or math.isclose(one, other, rel_tol=1e-6)


@settings(max_examples=30)
@given(vertex=st.floats(-1.05, 2.1), curve=st.floats(0.01, 2))
def test_the_vertex_of_a_parabola_is_the_best_step(vertex: float, curve: float) -> None:
    """Exactly, wherever it lies between the ends of what was tried; and the interval holds it."""
    assume(min(abs(vertex - end) for end in (log(LARGER[0]), log(LARGER[-1]))) > log(3) / 2 + 0.01)
    found = best_step(scattered(parabola(vertex, curve), LARGER), {})
    assert found.k == pytest.approx(exp(vertex), rel=1e-6)
    assert found.low <= found.k * (1 + 1e-9)
    assert found.k <= found.high * (1 + 1e-9)


@settings(max_examples=30)
@given(gain=st.floats(0.02, 2), noise=st.floats(0, 0.04), seed=st.integers(0, 999))
def test_where_larger_steps_are_clearly_better_the_run_is_never_hot(gain: float, noise: float, seed: int) -> None:
    """It reads SLOW, and the mirror image reads HOT, whatever the scatter of the sequences."""
    here = scattered(lambda x: -gain * x, LARGER, noise=noise * gain, seed=seed)
    assert best_step(here, {}).pace == "slow"
    assert best_step(mirrored(here), {}).pace == "hot"


@settings(max_examples=30)
@given(slope=st.floats(-1, 1), curve=st.floats(0, 1), noise=st.floats(0, 0.3), seed=st.integers(0, 999))
def test_a_run_is_never_called_slow_while_smaller_steps_win(slope: float, curve: float, noise: float, seed: int) -> None:
    """SLOW says that the best scout took larger steps and clearly won, HOT that it took smaller ones and clearly won."""
    here = scattered(lambda x: slope * x + curve * x * x, HERE, noise=noise, seed=seed)
    found = best_step(here, {})
    best = min(here, key=lambda k: math.fsum(here[k]))
    if found.pace in ("slow", "hot"):
        assert best > 1 if found.pace == "slow" else best < 1
        assert found.k > SLOW if found.pace == "slow" else found.k < HOT
        assert clearly_better(here[best], here[1.0])


@pytest.mark.parametrize(("k", "pace"), [(0.24, "hot"), (0.26, "tuned"), (2.4, "tuned"), (2.6, "slow")])
def test_where_a_run_is_called_hot_or_slow(k: float, pace: str) -> None:
    """A best step below a quarter of the run's, or above two and a half times it."""
    steps = (1 / 27, 1 / 9, 1 / 3, 1.0, 3.0, 9.0)
    assert pace == best_step(scattered(parabola(log(k), 0.3), steps), {}).pace


@given(value=st.floats(0, 10), anew=st.booleans())
def test_equal_values_say_neither_slow_nor_hot(value: float, anew: bool) -> None:
    """Steps of every size do the same: nothing is out of order, or it cannot be told."""
    found = best_step({k: [value] * SEQUENCES for k in HERE}, {k: [0.0] * SEQUENCES for k in ANEW} if anew else {})
    assert found.pace in ("tuned", "unclear")


@settings(max_examples=30)
@given(
    vertex=st.floats(-1.5, 1.5), noise=st.floats(0, 0.1), factor=st.sampled_from([1 / 27, 1 / 9, 1 / 3, 3.0, 9.0]), seed=st.integers(0, 99)
)
def test_the_best_step_does_not_depend_on_the_unit_of_steps(vertex: float, noise: float, factor: float, seed: int) -> None:
    """A run that takes steps `factor` times as large, tried by the same steps, wants a multiple that is as much smaller."""
    steps = (1 / 27, 1 / 9, 1 / 3, 1.0, 3.0, 9.0, 27.0)
    here = scattered(parabola(vertex, 0.3), steps, noise=noise, seed=seed)
    assume(factor in here)
    one, other = best_step(here, {}), best_step({k / factor if k != factor else 1.0: values for k, values in here.items()}, {})
    for mine, theirs in ((one.k, other.k), (one.low, other.low), (one.high, other.high)):
        assert same_step(mine, theirs * factor)


@settings(max_examples=30)
@given(st.lists(st.sampled_from([1 / 9, 1 / 3, 3.0, 9.0]), min_size=1, unique=True), st.sampled_from([nan, inf, -inf]), st.booleans())
def test_a_scout_that_came_to_nothing_never_wins(lost: list[float], value: float, whole: bool) -> None:
    """One such sequence is enough, and it makes no number of the verdict a NaN."""
    here = {k: [1 + 0.01 * n for n in range(SEQUENCES)] for k in (1.0, 1 / 9, 1 / 3, 3.0, 9.0)}
    for k in lost:
        here[k] = [value] * SEQUENCES if whole else [-5.0] * (SEQUENCES - 1) + [value]
    found = best_step(here, {})
    assert isfinite(found.k)
    assert min(abs(log(found.k / k)) for k in here if k not in lost) < log(3) / 2
    assert found.pace in ("tuned", "unclear")
    assert not math.isnan(found.low + found.high)


def test_a_run_whose_own_steps_come_to_nothing_is_hot_if_smaller_ones_do_not() -> None:
    """There is no number for it; and where nothing comes to anything, there is no verdict."""
    sound = [2.0] * SEQUENCES
    hot = best_step({1 / 3: sound, 1.0: LOST, 3.0: LOST}, {})
    assert ("hot", 0.0, inf) == (hot.pace, hot.low, hot.high)
    assert math.isnan(hot.k)
    assert "unclear" == best_step({1 / 3: LOST, 1.0: LOST, 3.0: sound}, {}).pace
    assert "unclear" == best_step({1 / 3: LOST, 1.0: LOST, 3.0: LOST}, {}).pace


def test_where_an_end_is_best_the_interval_is_open_there() -> None:
    """The largest step that was tried is the best, and nobody knows about larger ones; the other way round too."""
    here = scattered(lambda x: -x, LARGER)
    slow, hot = best_step(here, {}), best_step(mirrored(here), {})
    assert (9.0, inf) == (pytest.approx(slow.k), slow.high)
    assert (1 / 9, 0.0) == (pytest.approx(hot.k), hot.low)


def test_a_spoilt_run_is_hot_by_those_that_began_anew() -> None:
    """From where it stands all steps do the same; runs from the start with a third and a ninth of its steps are ahead at the same age."""
    here = {k: [3.0 + 0.01 * n for n in range(SEQUENCES)] for k in HERE}
    draws = Random(1)
    ahead = {1 / 3: [draws.gauss(-0.5, 0.1) for _ in range(SEQUENCES)], 1 / 9: [draws.gauss(-0.4, 0.1) for _ in range(SEQUENCES)]}
    assert best_step(here, {}).pace != "hot"
    found = best_step(here, ahead)
    assert ("hot", True) == (found.pace, 1 / 9 < found.k < 1)


def test_those_that_began_anew_and_are_behind_change_nothing_for_a_slow_run() -> None:
    """Smaller steps from the start are worse still."""
    here = scattered(lambda x: -0.5 * x, LARGER)
    behind = {k: [0.5 - log(k)] * SEQUENCES for k in ANEW}
    assert best_step(here, {}) == best_step(here, behind)


@settings(max_examples=30)
@given(
    st.lists(st.floats(0, 5), min_size=8, max_size=8),
    st.lists(st.floats(0, 5), min_size=8, max_size=8),
    st.lists(st.floats(0, 5), min_size=8, max_size=8),
)
def test_the_same_values_give_the_same_verdict(small: list[float], own: list[float], large: list[float]) -> None:
    """To the last bit, and in whichever order the scouts came home."""
    here = {1 / 3: small, 1.0: own, 3.0: large}
    backwards = dict(reversed(here.items()))
    found = best_step(here, {})
    assert found == best_step(here, {}) == best_step(backwards, {})
    assert isinstance(found, BestStep)
    assert found.low <= found.high


def test_which_scouts_go_from_here() -> None:
    """Own steps, a third and three times; nine times only where three were clearly better."""
    better, same = [1.0 + 0.01 * n for n in range(8)], [2.0 + 0.01 * n for n in range(8)]
    for largest, after in ((better, BEYOND), (same, None), (LOST[:8], None), ([3.0] * 8, None)):
        found: dict[float, Sequence[float]] = {}
        order = []
        while (k := next_here(found)) is not None:
            order.append(k)
            found[k] = largest if k > 1 else same
        assert [*HERE, *([after] if after else [])] == order


@pytest.mark.parametrize(
    ("means", "step", "told"),
    [
        ((0.01, -0.02, 0.03), 1.0, False),
        ((0.2, 0.4, 0.8), 1.0, True),
        ((-0.3, 0.0, 0.0), 1.0, True),
        ((0.5, 0.5, 0.5), 1.0, True),
        ((0.2, 0.4, 0.8), 10.0, False),
        ((nan, 0.01, 0.0), 1.0, False),
        ((nan, 0.4, nan), 1.0, True),
        ((nan, nan, nan), 1.0, False),
    ],
)
def test_those_begun_anew_tell_something_where_it_mattered_by_which_steps_a_run_began(
    means: tuple[float, ...], step: float, told: bool
) -> None:
    """They lie apart from the run or from each other, in steps of the objective; one that came to nothing does not count."""
    assert tells({k: [mean] * SEQUENCES for k, mean in zip(ANEW, means, strict=True)}, step) is told


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=40))
def test_nothing_is_clearly_better_than_itself(values: list[float]) -> None:
    """Pairs without a difference decide nothing; with one sequence nothing is decided at all."""
    assert differences(values, values) == [0.0] * len(values)
    assert not clearly_better(values, values)
    assert not clearly_better([-9.0], [9.0])
    assert mean_and_error([1.0])[1] == inf


def test_sequences_that_overlap_decide_as_fewer_would() -> None:
    """Read four times over, two standard errors are twice as long: no scout goes further, no run is SLOW, and the interval is wider."""
    better = [-0.4 + (1.0 if i % 2 else -1.0) for i in range(64)]  # the standard error is 1/8, and so 1/4
    here = {1 / 3: [1.0] * 64, 1.0: [0.0] * 64, 3.0: better}
    assert (next_here(here), next_here(here, 4.0)) == (9.0, None)
    apart, over = (best_step({**here, 9.0: [x + 0.3 for x in better[::-1]]}, {}, overlap) for overlap in (1.0, 4.0))
    assert apart.k == over.k
    assert (apart.low, apart.high) != (over.low, over.high)
    assert over.low <= apart.low
    assert apart.high <= over.high


def test_the_own_step_of_a_run_stays_among_those_that_try_about_the_same() -> None:
    """Of two that try the same step the better one counts; but what is compared with is the run itself."""
    here = {k: [2.0 + abs(log(k))] * SEQUENCES for k in HERE}
    assert best_step(here, {1.05: [-1.0] * SEQUENCES}) == best_step(here, {})
    worse = best_step(here, {1 / 3.1: [9.0] * SEQUENCES})
    assert worse == best_step(here, {})


def test_a_difference_within_two_standard_errors_decides_nothing() -> None:
    """Larger steps that seem better by less send no scout further, and make no run SLOW; by more they do both."""
    mine = [0.0] * 64
    for gain, pace in ((0.12, False), (0.5, True)):  # the standard error is 1/8
        better = [-gain + (1.0 if i % 2 else -1.0) for i in range(64)]
        here = {1 / 3: [1.0] * 64, 1.0: mine, 3.0: better}
        assert (next_here(here) == 9.0) is pace
        assert (best_step({**here, 9.0: [x - 0.01 for x in better]}, {}).pace == "slow") is pace
