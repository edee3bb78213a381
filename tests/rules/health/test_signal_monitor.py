"""The watch: what is heard of each turn, and what it means."""

import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lists import of_any_length
from support.rows import numbers_of
from support.tabletop import Report

from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.health.signal_monitor import SignalMonitor
from rolltrain_tui.rules.health.signals import OF_LOSS, SIGNALS, STEP_EXCESS, measurable

LEAST_AGREEMENT = SIGNALS["agree_fraction"].low or 0


def hearing(losses: Iterable[float], norms: Iterable[float] | None = None, *, scouting: int = 0) -> SignalMonitor:
    watch = SignalMonitor(scouting)
    losses = list(losses)
    for turn, (loss, norm) in enumerate(zip(losses, norms or [1.0] * len(losses), strict=True), 1):
        watch.hear(turn, Report(loss=loss, grad_norm=norm, finite=math.isfinite(loss)))
    return watch


def value(watch: SignalMonitor, signal: str) -> float:
    return watch.reading(signal).value


def test_the_bounds(golden: Callable[[Path, str], None]) -> None:
    """What is healthy by default, of every signal, as last agreed on."""
    golden(Path(__file__).parent / "golden" / "signals.txt", numbers_of(SIGNALS.built_in.values()))


def test_at_first_nothing_is_known():
    """Every signal is unknown, and none of them sick. What scouts measure is not told before they have been out."""
    assert {"unknown"} == {reading.condition for reading in SignalMonitor().readings()}
    assert [name for name in SIGNALS.built_in if name != STEP_EXCESS] == [reading.signal for reading in SignalMonitor().readings()]


def test_what_scouts_measure_is_told_once_they_have_been_out():
    """A step nine times the best is sick; half the best is not; and an older examination does not hide it."""
    watch = SignalMonitor()
    for excess, condition in ((9.0, "sick"), (0.5, "healthy"), (0.1, "sick"), (math.nan, "unknown")):
        watch.examined(1, {STEP_EXCESS: excess})
        watch.examined(2, {"gap": 0.1})
        assert condition == next(reading.condition for reading in watch.readings() if reading.signal == STEP_EXCESS)


def test_a_steady_fall_promises_what_it_has_done():
    """60 losses that fall by 0.01 a turn promise one nat in 100 turns, in percent of the smoothed loss; 59 promise nothing."""
    losses = [3 - 0.01 * turn for turn in range(60)]
    assert math.isnan(value(hearing(losses[:59]), "projected_gain"))
    ema = losses[0]
    for loss in losses[1:]:
        ema = 0.95 * ema + 0.05 * loss
    assert value(hearing(losses), "projected_gain") == pytest.approx(100 / ema)


def test_a_rising_loss_is_held_against_its_best():
    """1 while it falls; after a leap that lasts, nearly the leap's ratio; and above chance where the vocabulary is known."""
    watch = hearing([2.0] * 50)
    assert 1 == value(watch, "loss_rise")
    watch.objective = Objective(chance=math.log(40))
    for turn in range(51, 151):
        watch.hear(turn, Report(loss=5.0))
    assert value(watch, "loss_rise") == pytest.approx(2.5, abs=0.02)
    assert value(watch, "above_chance") == pytest.approx(5 - math.log(40), abs=0.03)
    assert watch.sick("loss_rise", "high")
    assert watch.sick("above_chance", "high")


def test_the_loss_of_a_surrogate_is_no_sign():
    """Where the training loss is only a means, its rise is not told; gradients and turns that were not finite are."""
    watch = SignalMonitor(objective=Objective(of_loss=False, surrogate=True))
    for turn in range(1, 81):
        watch.hear(turn, Report(loss=0.01 * turn - 0.4, grad_norm=1.0, finite=True))
    known = {reading.signal for reading in watch.readings() if reading.condition != "unknown"}
    assert known == {"gradient_spike", "non_finite"}


@pytest.mark.parametrize(("surrogate", "leap", "spike"), [(False, 2.5, False), (False, 7.0, True), (True, 7.0, False), (True, 25.0, True)])
def test_a_surrogate_s_gradients_may_leap_higher(surrogate, leap, spike):
    """Seven times the average is a burst of a language model's loss, and a usual pass of PPO; 25 times is a burst of either."""
    watch = SignalMonitor(objective=Objective(of_loss=not surrogate, surrogate=surrogate))
    for turn in range(1, 32):
        watch.hear(turn, Report(loss=2.0, grad_norm=leap if turn == 31 else 1.0, finite=True))
    assert watch.sick("gradient_spike", "high") == spike


@pytest.mark.parametrize(
    ("objective", "missing"),
    [
        (Objective(chance=3.0), set()),
        (Objective(of_loss=False), set()),
        (Objective(of_loss=False, surrogate=True), set(OF_LOSS)),
    ],
)
def test_what_is_never_told_is_not_waited_for(objective, missing):
    """Signals of a loss that is a surrogate are no readings that are still to come; a value that is there stays."""
    readings = SignalMonitor(objective=objective).readings()
    assert {r.signal for r in readings} - {r.signal for r in measurable(readings, objective)} == missing
    assert len(measurable([Reading("projected_gain", 2.0, 1.0, None)], objective)) == 1


def test_a_loss_of_next_to_nothing_may_double():
    """Below 0.3 nats a text is known by heart: from 0.01 to 0.05 is no illness."""
    assert not hearing([0.01] * 50 + [0.05] * 200).sick("loss_rise", "high")


def test_a_spike_is_remembered_for_twenty_turns():
    """A gradient of five times the average shows for 20 turns, and not before there is an average to speak of."""
    assert math.isnan(value(hearing([2.0] * 10, [1.0] * 9 + [5.0]), "gradient_spike"))
    norms = [1.0] * 30 + [5.0] + [1.0] * 19
    assert value(hearing([2.0] * 50, norms), "gradient_spike") == pytest.approx(5)
    assert value(hearing([2.0] * 51, [*norms, 1.0]), "gradient_spike") < 1.1


@pytest.mark.parametrize(("since", "count"), [(0, 2), (18, 2), (19, 1), (20, 0)])
def test_turns_that_were_not_finite_are_counted_for_twenty_turns(since, count):
    """And nothing else of them is heard."""
    watch = hearing([2.0, math.nan, math.inf] + [2.0] * since)
    assert (count, 1) == (value(watch, "non_finite"), value(watch, "loss_rise"))


def test_validation_rises_when_the_last_three_are_all_worse():
    """One bad evaluation is none; the least bad of three counts."""
    watch = SignalMonitor()
    for loss, rise in [(2.0, math.nan), (2.2, math.nan), (2.1, 0.0), (2.3, 0.1), (math.nan, 0.1), (1.9, 0.0)]:
        watch.validated(loss)
        assert value(watch, "val_rise") == pytest.approx(rise, nan_ok=True)


@pytest.mark.parametrize(
    ("signal", "seen", "low", "high"),
    [
        ("noise_scale", 10.0, None, 64.0),
        ("noise_scale", 60.0, None, 90.0),
        ("noise_scale", 1000.0, None, 128.0),
        ("agree_fraction", 0.9, LEAST_AGREEMENT, None),
        ("agree_fraction", 0.45, 0.3, None),
        ("agree_fraction", 0.01, LEAST_AGREEMENT / 2, None),
        ("temperature", 1.0, None, SIGNALS["temperature"].high),
    ],
)
def test_scouting_widens_some_bounds(signal, seen, low, high):
    """To one and a half times what was seen, never tighter than the default, never more than twice as wide; later turns change nothing."""
    watch = SignalMonitor(scouting=30)
    watch.examined(30, {signal: seen})
    watch.examined(31, {signal: 7.0})
    reading = watch.reading(signal)
    assert (reading.low, reading.high) == (pytest.approx(low) if low else None, pytest.approx(high) if high else None)


def test_a_leap_while_scouting_is_no_spike_afterwards():
    """A young run that leaps once moves its bound, and is healthy when scouting ends."""
    watch = hearing([2.0] * 31, [1.0] * 25 + [4.0] + [1.0] * 5, scouting=30)
    assert 6 == watch.reading("gradient_spike").high
    assert not watch.sick("gradient_spike", "high")


def test_update_ratios_count_in_powers_of_ten():
    """A hundredth of the lowest healthy one is two beyond it; on the other side it is far within."""
    watch = SignalMonitor()
    bounds = watch.reading("update_ratio")
    assert bounds.low
    assert bounds.high
    watch.examined(1, {"update_ratio": bounds.low / 100})
    assert watch.excess("update_ratio", "low") == pytest.approx(2)
    assert watch.excess("update_ratio", "high") == pytest.approx(math.log10(bounds.low / bounds.high) - 2)


def test_waking_forgets_the_run_and_keeps_the_bounds():
    """Older weights make another run of it."""
    watch = hearing([2.0] * 40, [1.0] * 20 + [4.0] * 20, scouting=30)
    watch.wake()
    assert {"unknown"} == {reading.condition for reading in watch.readings()}
    assert 6 == watch.reading("gradient_spike").high


@given(of_any_length(lambda dice: (dice.uniform(0.01, 9), dice.uniform(0.01, 9), dice.random() < 0.9), 90, least=0), st.integers(0, 90))
def test_a_watch_saved_and_loaded_goes_on_identically(turns, cut):
    """Through JSON, at any turn."""
    straight, resumed = SignalMonitor(30), SignalMonitor(30)
    for turn, (loss, norm, finite) in enumerate(turns, 1):
        for watch in {straight, resumed}:
            watch.hear(turn, Report(loss=loss, grad_norm=norm, finite=finite))
            if turn % 7 == 0:
                watch.validated(loss)
                watch.examined(turn, {"noise_scale": norm, "gap": math.nan})
        if turn == cut:
            resumed = SignalMonitor(30)
            resumed.load_state_dict(json.loads(json.dumps(straight.state_dict())))
    assert straight.state_dict() == resumed.state_dict()
