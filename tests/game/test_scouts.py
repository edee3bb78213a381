"""Scouts of a campaign: they measure the best step, and change nothing in the run."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

import pytest
from support.installed import with_the_curve
from support.paced import Paced
from support.paths import CURVE, MODE_EXAMPLE
from support.scripted import Configure, of, played
from support.stories import lines
from support.tiny_runs import Moves, Played, campaign_of, played_out, resumed

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import scouts as module
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.game.scouts import PREFIX, Scouts
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.commands import SaveGame, SendScouts, UseAbility
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import (
    CampaignEnded,
    CampaignStopped,
    CommandAccepted,
    CommandRefused,
    Event,
    Examined,
    SaveDue,
    ScoutsReturned,
    ScoutsSetOut,
    StepTaken,
)
from rolltrain_tui.protocol.inbox import ScriptedInbox
from rolltrain_tui.protocol.learner import Evaluation, LearnerInfo, StepReport
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.health import pace
from rolltrain_tui.rules.health.signals import STEP_EXCESS

pytestmark = pytest.mark.slow

MakeLearner = Callable[..., TextLearner]
OUT = ("diagnosis.scouts=camps", "encounters.mode=off", "model.dropout=0.1")
"""Camps after turns 5 and 10."""
ASKED: Moves = [(2, UseAbility("rage")), (3, SendScouts()), (7, SendScouts()), (7, UseAbility("reckless_attack"))]


@pytest.fixture(autouse=True)
def _short_walks(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Scouts that are back soon. Those from the start go for the last time from turn 6 on."""
    if "full_walks" not in request.fixturenames:
        for name, turns in (("WALK", 2), ("ANNEAL", 1), ("FRESH", 6), ("SEQUENCES", 4)):
            monkeypatch.setattr(module, name, turns)


@pytest.fixture
def full_walks() -> None:
    """As far as they go in the game."""


@pytest.fixture
def sitting(tiny_config: Configure, once: Callable[[str, Callable[[Path], Played]], Played]) -> Played:
    """With scouts at camps and when asked."""
    return once("sitting", lambda folder: played_out(tiny_config(*OUT), ASKED))


def without_scouts(events: list[Event]) -> list[str]:
    """The story as it would be told if none had gone."""
    told = [
        replace(event, readings=tuple(one for one in event.readings if one.signal != STEP_EXCESS)) if isinstance(event, Examined) else event
        for event in events
        if not isinstance(event, ScoutsReturned)
        and not (isinstance(event, CommandAccepted | CommandRefused) and isinstance(event.command, SendScouts))
    ]
    return lines(told)


def everything(campaign: Campaign) -> tuple[dict[str, list[float]], str]:
    """Of the run's own learner: weights, moments, memory, streams and counters."""
    tensors = {name: tensor.double().flatten().tolist() for name, tensor in campaign.learner.tensors().items()}
    return tensors, json.dumps(campaign.learner.state_dict(), sort_keys=True)


# They change nothing.


@pytest.mark.parametrize("hero_class", ["barbarian", "wizard"])
def test_the_run_is_the_same_with_and_without(tiny_config: Configure, hero_class: str) -> None:
    """Weights, moments, streams, dice and story do not know whether scouts go out, at camps and when asked."""
    hero = (f"hero.hero_class={hero_class}", "hero.level=5", "hero.auto=[]")
    silent, expected = played_out(tiny_config(*OUT, *hero, "diagnosis.scouts=off"), ASKED)
    asked, told = played_out(tiny_config(*OUT, *hero), ASKED)
    assert [3, 5, 7, 10] == [event.turn for event in of(ScoutsReturned, told)]
    assert [] == of(ScoutsReturned, expected)
    assert without_scouts(expected) == without_scouts(told)
    assert everything(silent) == everything(asked)
    assert silent.learner.weights_sha256() == asked.learner.weights_sha256()


def test_off_costs_nothing(tiny_config: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is forked, no first weights are kept, and a save holds none."""

    def never(*_: object) -> Any:
        raise AssertionError("not where scouts are off")

    monkeypatch.setattr(TextLearner, "fork", never)
    campaign, _ = played_out(tiny_config("diagnosis.scouts=off"), [(3, SendScouts())])
    assert campaign.ended
    assert campaign.tensors().keys() == campaign.learner.tensors().keys()
    assert 0.0 == campaign.scouts.gflop


@pytest.mark.parametrize(("scouts", "turns"), [("camps", [3, 5, 10]), ("asked", [3]), ("off", [])])
def test_when_they_go(tiny_config: Configure, scouts: str, turns: list[int]) -> None:
    """At camps, when the player asks, or never; who asks in vain is told why."""
    _, events = played_out(tiny_config(*OUT, f"diagnosis.scouts={scouts}"), [(3, SendScouts())])
    assert turns == [event.turn for event in of(ScoutsReturned, events)] == [event.turn for event in of(ScoutsSetOut, events)]
    refused = of(CommandRefused, events)
    assert [SendScouts()] * (scouts == "off") == [event.command for event in refused]
    assert all("scouts" in event.reason for event in refused)
    assert [SendScouts()] * (scouts != "off") == [event.command for event in of(CommandAccepted, events)]


@pytest.mark.parametrize(("asked", "turns"), [([], [10, 15, 25, 40]), ([(12, SendScouts())], [10, 12, 20, 30])])
def test_seldom(tiny_config: Configure, monkeypatch: pytest.MonkeyPatch, asked: Any, turns: list[int]) -> None:
    """From a turn on at a camp where the run is half as long again as at the last trip, whoever sent that; a save knows of it."""
    monkeypatch.setattr(pace, "FIRST_TRIP", 10)
    config = tiny_config(*OUT, "diagnosis.scouts=seldom", "turns=41")
    campaign, events = played_out(config, asked)
    assert turns == [event.turn for event in of(ScoutsReturned, events)]
    assert turns[-1] == campaign.scouts.last == campaign.scouts.state_dict()["last"]


@pytest.mark.parametrize(("scouts", "turns"), [("early", [4, 10, 15, 25, 40]), ("seldom", [10, 15, 25, 40])])
def test_early(tiny_config: Configure, monkeypatch: pytest.MonkeyPatch, scouts: str, turns: list[int]) -> None:
    """They go at the first evaluation whose signals show heat, once, and then as seldom as others; a run that shows none waits."""
    monkeypatch.setattr(pace, "FIRST_TRIP", 10)
    monkeypatch.setattr("rolltrain_tui.game.campaign.signs_of", lambda found, _: "hot" if found.turn >= 4 else "slow")
    config = tiny_config(*OUT, f"diagnosis.scouts={scouts}", "evaluation.every=2", "turns=41")
    _, events = played_out(config, [])
    assert turns == [event.turn for event in of(ScoutsReturned, events)]


def test_they_go_once_where_a_camp_and_the_player_ask(tiny_config: Configure) -> None:
    """One measurement after a turn is enough."""
    _, events = played_out(tiny_config(*OUT), [(5, SendScouts()), (5, SendScouts())])
    assert [5, 10] == [event.turn for event in of(ScoutsReturned, events)]


def test_their_energy_is_not_the_runs(tiny_config: Configure) -> None:
    """The run's total is the same without them; theirs is told apart and grows with each return."""
    _, without = played_out(tiny_config(*OUT, "diagnosis.scouts=off"), [])
    campaign, events = played_out(tiny_config(*OUT), [])
    assert of(CampaignEnded, without)[0].gflop == of(CampaignEnded, events)[0].gflop
    first, second = (event.gflop for event in of(ScoutsReturned, events))
    assert 0 < first < second == campaign.scouts.gflop


# Stopped and resumed.


class LeavesWhileTheyAreOut(ScriptedInbox):
    """Stops when a learner looks at the flag for the `looks`-th time after scouts have set out."""

    def __init__(self, moves: Moves, looks: int) -> None:
        super().__init__(moves)
        self.looks, self.out = looks, False

    @property
    def stopped(self) -> bool:
        self.looks -= self.out
        return self.looks <= 0


def assert_the_same_end(one: Campaign, other: Campaign) -> None:
    assert everything(one) == everything(other)
    assert one.scouts.gflop == other.scouts.gflop


@pytest.mark.parametrize(("at", "looks"), [(3, 1), (5, 16), (7, 24), (10, 8)])
def test_a_run_that_is_left_while_they_are_out_sends_them_again(sitting: Played, tiny_config: Configure, at: int, looks: int) -> None:
    """Resumed, they find the same to the last digit, and the run ends as if nobody had left."""
    config, (whole, expected) = tiny_config(*OUT), sitting
    first, inbox, head = campaign_of(config), LeavesWhileTheyAreOut(ASKED, looks), []
    for event in first.play(inbox):
        head.append(event)
        inbox.out = inbox.out or event == ScoutsSetOut(at)
    assert [SaveDue(at, "quit"), CampaignStopped(at)] == head[-2:]
    second, tail = resumed(config, first, ASKED)
    assert at in [event.turn for event in of(ScoutsReturned, tail)]
    assert lines(expected) == lines(head + tail)
    assert_the_same_end(whole, second)


@pytest.mark.parametrize("calls", [1, 2, 7])
def test_a_wish_to_leave_that_is_heard_between_two_steps_of_theirs_calls_them_off(tiny_config: Configure, calls: int) -> None:
    """As on many ranks, where no rank may leave before all have heard of it; who goes on meets the same verdict first."""

    class Distant(ScriptedInbox):
        heard = 0

        def hear(self) -> None:
            self.heard += 1
            if self.heard == calls:
                self.stop()

    config = tiny_config(*OUT)
    _, expected = played_out(config, [])
    first = campaign_of(config)
    head = list(first.play(Distant([])))
    assert head[-3:] == [ScoutsSetOut(5), SaveDue(5, "quit"), CampaignStopped(5)]
    _, tail = resumed(config, first, [])
    assert lines(expected) == lines(head + tail)


@pytest.mark.parametrize("turn", [1, 5, 6, 10, 11])
def test_a_run_stopped_between_turns_goes_on_to_the_same_end(sitting: Played, tiny_config: Configure, turn: int) -> None:
    """Before, between and after those who go."""
    config, (whole, expected) = tiny_config(*OUT), sitting
    first, inbox, head = campaign_of(config), ScriptedInbox(ASKED), []
    for event in first.play(inbox):
        head.append(event)
        if isinstance(event, StepTaken) and event.turn == turn:
            inbox.stop()
    second, tail = resumed(config, first, ASKED)
    assert lines(expected) == lines(head + tail)
    assert_the_same_end(whole, second)


@pytest.mark.parametrize("reason", ["player", "camp"])
def test_a_save_of_the_turn_in_which_they_go_sends_them_too(tiny_config: Configure, reason: str) -> None:
    """It is written before they are out; whoever goes on from there meets the same verdict first."""
    config = tiny_config(*OUT)
    moves: Moves = [(5, SaveGame("here"))]
    whole, expected = played_out(config, moves)
    first = campaign_of(config)
    for event in first.play(ScriptedInbox(moves)):
        if isinstance(event, SaveDue) and (event.turn, event.reason) == (5, reason):
            second, tail = resumed(config, first, [])
            break
    assert tail[:1] == [ScoutsSetOut(5)]
    verdicts = of(ScoutsReturned, expected)
    assert lines(verdicts) == lines(of(ScoutsReturned, tail))
    assert_the_same_end(whole, second)


def test_the_first_weights_are_kept_only_as_long_as_they_serve(tiny_config: Configure) -> None:
    """In saves up to the return at turn 10, the first after the 6 turns that scouts from the start take; never later."""
    kept: dict[int, bool] = {}
    campaign = campaign_of(tiny_config(*OUT))
    for event in campaign.play(ScriptedInbox([])):
        if isinstance(event, StepTaken):
            named = {name for name in campaign.tensors() if name.startswith(PREFIX)}
            assert bool(named) == (campaign.state_dict()["scouts"]["start"] is not None)
            assert named <= {PREFIX + name for name in campaign.learner.tensors()}
            kept[event.turn] = bool(named)
    assert {turn: turn <= 10 for turn in range(1, 13)} == kept


def test_what_those_from_the_start_found_serves_later(tiny_config: Configure) -> None:
    """After they have gone for the last time their numbers stand in every verdict, beside the step that they then are of the run's."""
    _, events = played_out(tiny_config(*OUT, "schedule={warmup_turns: 0, decay: constant, final_fraction: 1.0}", "turns=21"), [])
    returns = of(ScoutsReturned, events)
    assert [5, 10, 15, 20] == [event.turn for event in returns]
    anew = [[scout for scout in event.scouts if scout.anew] for event in returns]
    assert anew[0] != anew[1] == anew[2] == anew[3] != []
    assert all(scout.k < 1 for found in anew for scout in found)


# What they find.


class Fragile(Paced):
    """Comes to nothing for good with a step more than twice its own."""

    def step(self, effect: StepEffect) -> StepReport:
        report = super().step(effect)
        if effect.k_requested > 2:
            self.excess = math.nan
        return report


@pytest.mark.parametrize(("best", "pace"), [(30.0, "slow"), (10.0, "slow"), (1.0, "tuned"), (1 / 10, "hot"), (1 / 30, "hot")])
def test_a_known_pace_is_read(full_walks: None, tiny_config: Configure, best: float, pace: str) -> None:
    """At the first camp and at every later one, with the hero's dice between."""
    settings = ("diagnosis.scouts=camps", "encounters.mode=off", "hero.auto=[]", "turns=110", "camps.every=50")
    events = played(tiny_config(*settings), learner=Paced(best))
    assert [(50, pace), (100, pace)] == [(event.turn, event.pace) for event in of(ScoutsReturned, events)]


def test_steps_that_come_to_nothing_still_give_a_verdict() -> None:
    """The scout with three times the step is told without a number, and never as the best."""
    found = Scouts(Fragile()).go(50, NEUTRAL)
    assert found.pace in ("tuned", "unclear")
    assert found.best <= 2
    by_k = {scout.k: scout for scout in found.scouts}
    assert math.isnan(by_k[3.0].delta)
    assert math.isfinite(by_k[1 / 3].delta)
    assert 9.0 not in by_k


def test_a_real_run_that_larger_steps_would_destroy_has_a_verdict(make_learner: MakeLearner) -> None:
    """Also one whose own steps destroy it: then smaller ones are better, or nothing can be told."""
    for rate in ("1e18", "1e38"):
        settings = ("optimizer.name=sgd", "optimizer.beta1=0.0", "optimizer.clip=null", f"optimizer.learning_rate={rate}")
        found = Scouts(make_learner(*settings, "schedule.warmup_turns=0")).go(1, NEUTRAL)
        assert found.pace in ("hot", "unclear")
        assert all(scout.k < 1 or not scout.delta < 0 for scout in found.scouts)


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_a_scout_is_told_by_its_mean_difference_to_the_runs_own_steps(better: Literal["lower", "higher"]) -> None:
    """In the unit of the objective, whichever way is better: what its copy was worth less what the one with k of 1 was."""
    worth: list[float] = []

    class Recorded(Paced):
        def info(self) -> LearnerInfo:
            return replace(super().info(), objective=Objective(better=better))

        def fork(self) -> Self:
            return self

        def evaluate(self, sequences: int) -> Evaluation:
            found = super().evaluate(sequences)
            assert len(found.values) == sequences
            worth.append(math.fsum(found.values) / sequences)
            return found

    found = Scouts(Recorded()).go(50, NEUTRAL)
    mine, smaller, larger, *_ = worth  # in the order in which they go
    expected = {1 / 3: smaller - mine, 3.0: larger - mine}
    assert expected == pytest.approx({scout.k: scout.delta for scout in found.scouts if scout.k in expected})


def test_scouts_on_sequences_that_overlap_are_told_with_larger_errors() -> None:
    """Read four times over, with errors twice as large; the differences are the same."""

    class Overlapping(Paced):
        def fork(self) -> Self:
            return self

        def evaluate(self, sequences: int) -> Evaluation:
            return replace(super().evaluate(sequences), overlap=self.overlap)

        overlap = 1.0

    fourfold = Overlapping()
    fourfold.overlap = 4.0
    apart, over = ({scout.k: scout for scout in Scouts(learner).go(50, NEUTRAL).scouts} for learner in (Overlapping(), fourfold))
    for k in (1 / 3, 3.0):
        assert over[k].delta == apart[k].delta
        assert over[k].standard_error == pytest.approx(2 * apart[k].standard_error) != 0


def test_a_scout_costs_its_turns_and_one_evaluation() -> None:
    """Three from here and three from the start: turns with their anneal at 1 GFLOP, and an evaluation of half of one each.

    Those from the start go again as long as the run is young, and for the last time from turn 6 on.
    """
    scouts = Scouts(Paced())
    scouts.remember_start()
    found = scouts.go(2, NEUTRAL)
    assert [1 / 3, 3.0] == [scout.k for scout in found.scouts if not scout.anew]
    assert [1 / 27, 1 / 9, 1 / 3] == [scout.k for scout in found.scouts if scout.anew]
    total, here = 0.0, 3 * (2 + 1 + 0.5)
    costs = {turn: -total + (total := scouts.go(turn, NEUTRAL).gflop - found.gflop) for turn in (4, 7, 8)}
    assert found.gflop == here + 3 * (2 + 2 + 1 + 0.5)
    assert costs == {4: here + 3 * (4 + 2 + 1 + 0.5), 7: here + 3 * (6 + 2 + 1 + 0.5), 8: here}


@pytest.mark.parametrize("turn", [3, 110, 300])
def test_the_price_named_beforehand_is_what_the_first_trip_costs(full_walks: None, turn: int) -> None:
    """In turns; each of the six scouts is evaluated besides, at half of one."""
    scouts = Scouts(Paced())
    scouts.remember_start()
    assert scouts.go(turn, NEUTRAL).gflop == pace.first_trip_turns(turn) + 6 * 0.5


def test_those_from_the_start_meet_the_run_of_their_own_age(make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that began anew with the steps of the run has come as far as the scout that went on with them, to the bit."""
    monkeypatch.setattr(pace, "ANEW", (1.0, 1 / 9))
    scouts = Scouts(learner := make_learner("model.dropout=0.1"))
    scouts.remember_start()
    for _ in range(4):
        learner.step(NEUTRAL)
    anew = {scout.k: scout for scout in scouts.go(4, NEUTRAL).scouts if scout.anew}
    assert (anew[1.0].delta, anew[1.0].standard_error) == (0.0, 0.0)
    assert anew[1 / 9].delta != 0


def test_the_steps_of_two_trips_are_compared_by_the_rates_before_their_anneals() -> None:
    """Of a schedule that falls as 1 / turn: those from the start walked to turn 8 when they went last, the run's own now to turn 22."""

    class Falling(Paced):
        def step(self, effect: StepEffect) -> StepReport:
            report = super().step(effect)
            return replace(report, lr=1 / len(self.effects))

    scouts = Scouts(learner := Falling())
    scouts.remember_start()
    for turn in range(1, 21):
        learner.step(NEUTRAL)
        if turn == 7:
            scouts.go(turn, NEUTRAL)
    found = [scout.k for scout in scouts.go(20, NEUTRAL).scouts if scout.anew]
    assert found == pytest.approx([k * (1 / 8) / (1 / 22) for k in (1 / 27, 1 / 9, 1 / 3)])


def test_they_walk_as_the_hero_stands(full_walks: None) -> None:
    """A run whose own steps are right, under half of them, reads as one that wants twice its own."""
    halved, small = Scouts(Paced(1.0)).go(50, StepEffect(update_scale=0.5)), Scouts(Paced(2.0)).go(50, NEUTRAL)
    assert (halved.pace, halved.best) == (small.pace, pytest.approx(small.best))


def test_the_rate_of_a_scout_is_k_times_and_then_falls_to_nothing() -> None:
    """A larger step settles from the run's own, a smaller one from itself."""
    learner = Paced()
    scouts = Scouts(learner)
    seen: list[list[float]] = []

    def fork() -> Paced:
        scout = Paced()
        load = scout.load_state

        def begin(*state: Any) -> None:
            load(*state)
            seen.append([])

        def step(effect: StepEffect) -> StepReport:
            seen[-1].append(effect.lr_scale)
            return Paced.step(scout, effect)

        scout.load_state, scout.step = begin, step  # type: ignore[method-assign]
        return scout

    learner.fork = fork  # type: ignore[method-assign]
    scouts.go(4, NEUTRAL)
    assert [
        pytest.approx([1.0, 1.0, 1 / 2]),
        *[pytest.approx([1 / 3, 1 / 3, 1 / 6]), pytest.approx([3.0, 3.0, 1 / 2])],
    ] == sorted(seen, key=lambda rates: abs(math.log(rates[0])) + (rates[0] > 1))


@pytest.fixture
def curve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., CampaignConfig]:
    """Campaigns of a mode from another package, whose R² is better the higher it is."""
    with_the_curve(monkeypatch)
    return lambda *overrides: load(MODE_EXAMPLE / "rolltrain_curve" / "curve.yaml", (*CURVE, *overrides))


@pytest.mark.parametrize(("rate", "pace"), [("2e-5", "slow"), ("1.0", "hot")])
def test_where_higher_is_better_the_verdict_is_the_right_way_round(
    full_walks: None, curve: Callable[..., CampaignConfig], rate: str, pace: str
) -> None:
    """Tiny steps are called SLOW and huge ones HOT; a scout that does better raises R²."""
    settings = ("turns=60", "camps.every=50", "diagnosis.scouts=camps", "encounters.mode=off", "hero.auto=[]")
    _, events = played_out(curve(*settings, f"optimizer.learning_rate={rate}"), [])
    (found,) = of(ScoutsReturned, events)
    assert pace == found.pace
    better = max((scout for scout in found.scouts), key=lambda scout: scout.delta)
    assert better.delta > 0
    assert (better.k > 1) == (pace == "slow")
