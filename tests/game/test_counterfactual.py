"""The shadow twin in a campaign: it proves what an ability did, and changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.stories import lines
from support.tiny_runs import Moves, Played, campaign_of, played_out, resumed

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import counterfactual as shadow_module
from rolltrain_tui.game.counterfactual import Shadow, comparison_of
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import AbilityUsed, CampaignStopped, Event, HeroFell, StepTaken, TwinJudged, TwinLost, TwinSetOut
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.protocol.sheet import BLANK
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.classes.wizard import SpellMastery
from rolltrain_tui.runs.run import Run

pytestmark = pytest.mark.slow

Configure = Callable[..., CampaignConfig]
Once = Callable[[str, Callable[[Path], Played]], Played]

TWIN = "twin={mode: on_use, turns: 4, sequences: 8}"
RAGE: Moves = [(2, UseAbility("rage")), (4, UseAbility("reckless_attack")), (9, UseAbility("reckless_attack"))]
CALM: Moves = [(3, UseAbility("spell_mastery", "steady"))]
WIZARD = ("hero.hero_class=wizard", "encounters.mode=off")
TWIN_EVENTS = (TwinSetOut, TwinJudged, TwinLost)
USED = AbilityUsed(1, "rage", "", True, 1.5, 10, 1)


def twins_of(events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, TWIN_EVENTS)]


def test_a_twin_sets_out_and_is_judged(tiny_config: Configure) -> None:
    """Used in turn 2, Rage is judged after turn 5; the dismissal at 9 sends no twin, what is used while one walks none either."""
    _, events = played_out(tiny_config(TWIN, "encounters.mode=off"), RAGE)
    out, judged = twins_of(events)
    assert TwinSetOut(2, "rage", 4) == out
    assert isinstance(judged, TwinJudged)
    assert (5, "rage", 2, 4) == (judged.turn, judged.ability, judged.since, judged.turns)
    assert judged.delta != 0
    steps = [event.turn for event in events[: events.index(out)] if isinstance(event, StepTaken)]
    assert [1] == steps


@pytest.mark.parametrize("mode", ["on_use", "always"])
def test_the_run_is_the_same_with_and_without(tiny_config: Configure, mode: str) -> None:
    """Weights, dice and story do not know whether twins walk, monsters and camps included."""
    plain, silent = played_out(tiny_config("hero.auto=[rage]", "twin.mode=off"), RAGE)
    watched, told = played_out(tiny_config("hero.auto=[rage]", TWIN, f"twin.mode={mode}"), RAGE)
    assert plain.learner.weights_sha256() == watched.learner.weights_sha256()
    assert [] == twins_of(silent)
    assert len(twins_of(told)) >= 2
    assert lines(silent) == lines(event for event in told if not isinstance(event, TWIN_EVENTS))


def test_off_costs_nothing(tiny_config: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """With mode off nothing is forked, nothing is evaluated twice, no effect is asked for, and a save holds no twin."""

    def never(*_: object) -> Any:
        raise AssertionError("not in mode off")

    for name in ("fork", "follow"):
        monkeypatch.setattr(TextLearner, name, never)
    campaign, _ = played_out(tiny_config("twin.mode=off", "diagnosis.examine=false"), RAGE)
    assert campaign.ended
    assert 0.0 == campaign.shadow.gflop
    assert campaign.tensors().keys() == campaign.learner.tensors().keys()
    assert list(campaign.shadow.begin_turn(99, [USED], never)) == []


def test_a_neutral_ability_gives_exactly_nothing(tiny_config: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cantrip of k = 1 is judged with 0.0 and a standard error of 0.0."""
    monkeypatch.setattr(SpellMastery, "effect", lambda self, held, hero: StepEffect(update_scale=1.0))
    _, events = played_out(tiny_config(TWIN, *WIZARD), CALM)
    _, judged = twins_of(events)
    assert isinstance(judged, TwinJudged)
    assert (0.0, 0.0, "no measurable effect") == (judged.delta, judged.standard_error, judged.verdict)


def test_the_twin_is_the_run_without_the_ability(tiny_config: Configure) -> None:
    """The verdict's numbers are those of a second run, played from the start, in which the ability was never used."""
    config = tiny_config(TWIN, *WIZARD)  # judged over turns 3 to 6, with a look after each at two sequences
    looks: dict[str, list[tuple[float, ...]]] = {"with": [], "without": []}
    for name, moves in (("with", CALM), ("without", [])):
        campaign = campaign_of(config)
        for event in campaign.play(ScriptedInbox(moves)):
            if isinstance(event, StepTaken) and 3 <= event.turn <= 6:
                looks[name].append(campaign.learner.evaluate(2).values)
            if isinstance(event, TwinJudged):
                judged = event
    hero, twin = ([sum(losses) / 4 for losses in zip(*looks[name], strict=True)] for name in ("with", "without"))
    found = comparison_of([a - b for a, b in zip(hero, twin, strict=True)])
    assert (pytest.approx(found.delta), pytest.approx(found.standard_error)) == (judged.delta, judged.standard_error)
    assert judged.delta != 0


def test_the_last_turn_judges_by_what_was_walked(tiny_config: Configure) -> None:
    """A campaign that ends under way gives the verdict it can."""
    _, events = played_out(tiny_config(TWIN, *WIZARD), [(11, UseAbility("spell_mastery", "steady"))])
    _, judged = twins_of(events)
    assert isinstance(judged, TwinJudged)
    assert (12, 2) == (judged.turn, judged.turns)


def test_always_walks_one_after_the_other(tiny_config: Configure) -> None:
    """Twelve turns are three walks of four, each without all abilities; where none was used the difference is exactly 0."""
    _, events = played_out(tiny_config(TWIN, "twin.mode=always", *WIZARD), [(6, UseAbility("spell_mastery", "steady"))])
    judged = [event for event in events if isinstance(event, TwinJudged)]
    assert [(1, ""), (5, ""), (9, "")] == [(one.since, one.ability) for one in judged]
    assert [True, False, False] == [one.delta == 0 for one in judged]


def test_energy_is_told_apart(tiny_config: Configure) -> None:
    """The twins' energy is steps and evaluations, adds up over twins, and is no part of the run's."""
    campaign, events = played_out(tiny_config(TWIN, "twin.mode=always", "dice.rulebook=off", *WIZARD), [])
    facts, evaluation = campaign.learner.info(), campaign.learner.evaluate(8).gflop
    each = 4 * facts.gflop_per_turn + 2 * evaluation
    assert pytest.approx([each, 2 * each, 3 * each]) == [event.gflop for event in events if isinstance(event, TwinJudged)]
    assert campaign.shadow.gflop == pytest.approx(3 * each)


# Kept and resumed.


class Halfway(ScriptedInbox):
    """Stops when the learner looks at the flag for the `looks`-th time: inside a step, the hero's or the twin's."""

    def __init__(self, moves: Moves, looks: int) -> None:
        super().__init__(moves)
        self.looks = looks

    @property
    def stopped(self) -> bool:
        self.looks -= 1
        return self.looks <= 0


@pytest.mark.parametrize("looks", range(1, 15))
def test_a_turn_stopped_half_way_is_resumed_to_the_bit(tiny_config: Configure, once: Once, looks: int) -> None:
    """Stopped inside any step, the twin's or the hero's, and resumed: the same weights, story and verdicts, and no step taken twice."""
    config = tiny_config(TWIN, "turns=10", "camps.every=50")
    whole, expected = once("half-way", lambda folder: played_out(config, RAGE))
    first = campaign_of(config)
    head = list(first.play(Halfway(RAGE, looks)))
    assert isinstance(head[-1], CampaignStopped)
    second, tail = resumed(config, first, RAGE)
    assert lines(expected) == lines(head + tail)
    assert whole.learner.weights_sha256() == second.learner.weights_sha256()
    assert whole.shadow.gflop == pytest.approx(second.shadow.gflop)


@pytest.mark.parametrize("turn", [1, 2, 4, 5, 6, 9])
def test_a_run_stopped_between_turns_is_resumed_to_the_bit(tiny_config: Configure, once: Once, turn: int) -> None:
    """After any turn, with a twin on its way or not."""
    config = tiny_config(TWIN, "turns=10", "hero.auto=[rage]")
    whole, expected = once("between turns", lambda folder: played_out(config, RAGE))
    first, inbox, head = campaign_of(config), ScriptedInbox(RAGE), []
    for event in first.play(inbox):
        head.append(event)
        if isinstance(event, StepTaken) and event.turn == turn:
            inbox.stop()
    second, tail = resumed(config, first, RAGE)
    assert lines(expected) == lines(head + tail)
    assert whole.learner.weights_sha256() == second.learner.weights_sha256()


def travelled(expedition: Run, inbox: Inbox, stop_at: int | None = None) -> Iterator[Event]:
    for event in expedition.play(inbox):
        yield event
        if isinstance(event, StepTaken) and event.turn == stop_at:
            inbox.stop()


def test_a_save_holds_the_twin(tiny_config: Configure, tmp_path: Path) -> None:
    """Left on the disk with a twin on its way and opened again, the run gives the same verdict; its chronicle holds it once."""
    config = tiny_config(TWIN)
    _, expected = played_out(config, RAGE)
    expedition = Run.begin(config, base=tmp_path, runs=tmp_path)
    list(travelled(expedition, ScriptedInbox(RAGE), stop_at=3))
    assert any(name.startswith("twin.model.") for name in expedition.campaign.tensors())
    again = Run.resume(expedition.folder)
    list(travelled(again, ScriptedInbox([move for move in RAGE if move[0] > 3])))
    assert lines(expected) == lines(again.story)


def test_switched_off_on_the_way(tiny_config: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save with a walking twin opens with mode off: the twin is told as lost, and no second model is made."""
    config = tiny_config(TWIN)
    first, inbox = campaign_of(config), ScriptedInbox(RAGE)
    for event in first.play(inbox):
        if isinstance(event, StepTaken) and event.turn == 3:
            inbox.stop()
    monkeypatch.setattr(shadow_module, "Twin", None)
    _, tail = resumed(config.model_copy(update={"twin": config.twin.model_copy(update={"mode": "off"})}), first, [])
    (lost,) = twins_of(tail)
    assert TwinLost(4, "rage", 2, 2, "twins are switched off", first.shadow.gflop) == lost


# Lost.


def shadow_of(config: CampaignConfig) -> Shadow:
    return Shadow(config.twin, build_learner(config, base=Path()), ("rage", "reckless_attack"))


def neutral(_: object) -> StepEffect:
    return NEUTRAL


def test_a_fall_ends_the_twin(tiny_config: Configure) -> None:
    """When the hero falls, the road they shared is undone: no verdict."""
    shadow = shadow_of(tiny_config(TWIN))
    assert [TwinSetOut(1, "rage", 4)] == list(shadow.begin_turn(1, [USED], neutral))
    assert [] == list(shadow.step(1))
    (lost,) = shadow.end_turn(1, [HeroFell(1, 0, BLANK)], last=False)
    assert isinstance(lost, TwinLost)
    assert (1, "rage", 1, 1) == (lost.turn, lost.ability, lost.since, lost.turns)
    assert {} == shadow.tensors()
    assert [TwinSetOut(2, "rage", 4)] == list(shadow.begin_turn(2, [replace(USED, turn=2)], neutral))


@pytest.mark.parametrize("back", [StepEffect(rollback=True), StepEffect(restore_best=True)])
def test_going_back_on_both_roads_ends_the_twin(tiny_config: Configure, back: StepEffect) -> None:
    """When something else than the ability sends both back to an earlier state, nothing is left to compare."""
    shadow = shadow_of(tiny_config(TWIN))
    list(shadow.begin_turn(1, [USED], lambda _: StepEffect(rollback=True)))  # in the turn of the fork it is the same for both
    list(shadow.step(1))
    assert [] == list(shadow.begin_turn(2, [], neutral))
    list(shadow.step(2))
    (lost,) = shadow.begin_turn(3, [], lambda _: back)
    assert isinstance(lost, TwinLost)
    assert [] == list(shadow.step(3))


@pytest.mark.parametrize(("method", "what"), [("fork", "it could not be made"), ("step", "its training failed")])
def test_a_twin_that_fails_harms_nobody(tiny_config: Configure, monkeypatch: pytest.MonkeyPatch, method: str, what: str) -> None:
    """Memory that does not suffice for a second model ends the twin with its reason, and the run goes on."""

    def broke(*_: object) -> Any:
        raise RuntimeError("out of memory")

    shadow = shadow_of(tiny_config(TWIN))
    monkeypatch.setattr(TextLearner, method, broke)
    events = [*shadow.begin_turn(1, [USED], neutral), *shadow.step(1)]
    assert isinstance(events[-1], TwinLost)
    assert f"{what} (there is not enough memory; " in events[-1].reason
    assert [] == list(shadow.end_turn(1, [], last=False))
    assert isinstance(next(shadow.begin_turn(2, [USED], neutral)), TwinSetOut)  # there may be more memory then


def test_a_loss_that_is_not_finite_gives_no_verdict(tiny_config: Configure) -> None:
    """Weights that have blown up are not compared."""
    config = tiny_config(TWIN, "twin.turns=1")
    learner = build_learner(config, base=Path())
    shadow = Shadow(config.twin, learner, ("rage",))
    list(shadow.begin_turn(1, [USED], neutral))
    list(shadow.step(1))
    for p in learner.model.parameters():
        p.data.fill_(float("nan"))
    (lost,) = shadow.end_turn(1, [], last=False)
    assert isinstance(lost, TwinLost)
    assert "a validation loss was not finite" == lost.reason


@pytest.mark.parametrize("hero_class", sorted(CLASSES))
def test_every_class_can_be_doubted(tiny_config: Configure, hero_class: str) -> None:
    """Whatever levers a class pulls, those that look back included: the twin leaves the run as it is, and both are resumed to the bit."""
    own = [ABILITIES[name] for name in CLASSES[hero_class].abilities]
    moves: Moves = [
        (3 + 2 * i, UseAbility(ability.name, ability.options[0].name if ability.options else "")) for i, ability in enumerate(own)
    ]
    config = tiny_config(TWIN, f"hero.hero_class={hero_class}", "hero.auto=[]", "hero.level=5", "camps.every=50")
    plain, silent = played_out(config.model_copy(update={"twin": config.twin.model_copy(update={"mode": "off"})}), moves)
    whole, told = played_out(config, moves)
    assert lines(silent) == lines(event for event in told if not isinstance(event, TWIN_EVENTS))
    assert any(isinstance(event, TwinJudged | TwinLost) for event in told)
    first, inbox, head = campaign_of(config), ScriptedInbox(moves), []
    for event in first.play(inbox):
        head.append(event)
        if isinstance(event, StepTaken) and event.turn == 5:
            inbox.stop()
    second, tail = resumed(config, first, moves)
    assert lines(told) == lines(head + tail)
    assert plain.learner.weights_sha256() == whole.learner.weights_sha256() == second.learner.weights_sha256()
