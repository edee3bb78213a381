"""The hint: which of the hero's own keys helps now, from what scouts found and what has begun since."""

from copy import deepcopy
from dataclasses import replace
from functools import cache
from math import log, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import examined
from support.paced import Paced
from support.paths import CAMPAIGNS

from rolltrain_tui.experiment.policies import POLICIES, PlayedInbox
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.commands import SetAuto, UseAbility
from rolltrain_tui.protocol.events import (
    AbilityEnded,
    AbilityUsed,
    AutoSet,
    CampaignStopped,
    CommandRefused,
    DiceRolled,
    Event,
    HeroHurt,
    ScoutsReturned,
    StepTaken,
)
from rolltrain_tui.protocol.readings import Pace
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.story.counsel import diagnosis_sentences, hint_sentence
from rolltrain_tui.story.hints import YOUNG, Hint, ailment_of, hint_of, wanted_factor
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.typed_commands import parse_command

SHIPPED = sorted(path.stem for path in CAMPAIGNS.glob("*.yaml"))
CALM, STEADY, QUICKEN = (UseAbility("spell_mastery", name) for name in ("calm", "steady", "quicken"))
RAGE, RECKLESS = UseAbility("rage"), UseAbility("reckless_attack")


def start(hero_class: str, level: int = 5) -> Scene:
    """The screen of a hero before its first turn."""
    file = CAMPAIGNS / "tiny_gpt.yaml"
    config = load(file, (f"hero.hero_class={hero_class}", f"hero.level={level}", "hero.auto=[]", "diagnosis.examine=false"))
    seen = Scene()
    for event in Campaign(config, Paced()).play(PlayedInbox(POLICIES["none"](0))):
        if isinstance(event, DiceRolled):
            return seen
        seen.apply(event)
    raise AssertionError("no turn came")


scene_of = cache(start)
"""The same one each time."""


def returned(pace: Pace, best: float, turn: int = 120) -> ScoutsReturned:
    return ScoutsReturned(turn, pace, best, best / 2, best * 2, (), 1.0)


def used(order: UseAbility, turn: int, turns: int = 0, left: int | None = None) -> AbilityUsed:
    return AbilityUsed(turn, order.ability, order.option, True, 1.0, turns, left)


def after(scene: Scene, *events: Event) -> Hint | None:
    for event in events:
        scene.apply(event)
    return hint_of(scene)


def ordered(hint: Hint | None) -> UseAbility | None:
    assert hint is not None
    return hint.order


# What scouts say.


def test_before_scouts_have_been_out_nothing_is_said_of_the_steps() -> None:
    """Signals alone cannot tell; in a campaign that sends none they have to serve, from turn 100 on."""
    scene = start("barbarian")
    scene.turn = 120
    scene.apply(examined(120, temperature=-0.05, update_ratio=1e-6))
    assert hint_of(scene) is None
    assert RAGE == ordered(hint_of(scene, scouts=False))
    scene.turn = 90
    assert hint_of(scene, scouts=False) is None


def test_a_slow_run_is_told_the_push_that_is_nearest() -> None:
    """Of Rage at 1.5 and Reckless Attack at 2 the larger one, where nine times the step is best; its key is its number."""
    hint = after(start("barbarian"), returned("slow", 9.0))
    assert (RECKLESS, 2, "slow") == (ordered(hint), hint and hint.number, hint and hint.ailment)
    assert (RAGE, 1) == (ordered(after(start("barbarian"), returned("slow", 9.0), used(RECKLESS, 121))), 1)


def test_a_young_run_that_looks_slow_is_not_told_to_push() -> None:
    """Before turn 100 the best step is larger than later on: the diagnosis says so. Too large steps are told at any age."""
    young = start("barbarian")
    assert after(young, returned("slow", 9.0, 99)) is None
    assert YOUNG in diagnosis_sentences(young)
    grown = start("barbarian")
    assert RECKLESS == ordered(after(grown, returned("slow", 9.0, 100)))
    assert YOUNG not in diagnosis_sentences(grown)
    assert CALM == ordered(after(start("wizard"), returned("hot", 0.2, 60)))


@pytest.mark.parametrize(("mean", "ailment"), [(0.07, "dice"), (0.49, "dice"), (0.5, "slow"), (0.91, "slow")])
def test_dice_that_go_to_and_fro_are_not_pushed(mean: float, ailment: str) -> None:
    """Where the mean k is below a half, larger steps make larger errors too: nothing is to be pressed, and the hint says why."""
    scene = start("barbarian")
    scene.sheet = replace(scene.sheet, expected_k=mean)
    hint = after(scene, returned("slow", 9.0))
    assert hint is not None
    assert (ailment, ailment == "dice") == (hint.ailment, hint.order is None)
    assert ("the dice undo most of what they do; nothing" in " ".join(diagnosis_sentences(scene))) == (ailment == "dice")


@pytest.mark.parametrize(("hero_class", "guard"), [("paladin", "aura_of_protection"), ("fighter", "second_wind")])
@pytest.mark.parametrize("mean", [-0.2, 0.0, 0.07, 0.49])
def test_against_dice_that_go_to_and_fro_the_hero_is_told_what_softens_bad_rolls(hero_class: str, guard: str, mean: float) -> None:
    """From the first turn on, since the odds are exact, and until it acts by itself. A refusal is taken for an answer."""
    scene = start(hero_class)
    assert hint_of(scene) is None
    scene.sheet = replace(scene.sheet, expected_k=mean)
    order = SetAuto(guard, True)
    hint = hint_of(scene)
    assert hint is not None
    assert ("dice", order) == (hint.ailment, hint.order)
    assert f"type `auto {guard.replace('_', ' ')} on`" in hint_sentence(scene)
    assert order == parse_command(f"auto {guard.replace('_', ' ')} on")
    refused = deepcopy(scene)
    refused.apply(CommandRefused(3, order, "not here"))
    assert hint_of(refused) is None
    scene.apply(AutoSet(3, guard, True))
    assert hint_of(scene) is None


def test_a_hot_run_is_told_the_option_that_is_nearest() -> None:
    """Calm at 0.3 where a quarter is best, and where it is less."""
    for best in (0.24, 0.2, 0.1):
        assert CALM == ordered(after(start("wizard"), returned("hot", best)))


def test_a_run_whose_own_steps_come_to_nothing_is_told_to_calm_once() -> None:
    """The verdict is HOT without a number; what is held already is not named again, and what changes no step of its size may be."""
    hint = after(start("wizard"), returned("hot", nan))
    assert hint is not None
    assert ("hot", "spell_mastery") == (hint.ailment, hint.order and hint.order.ability)
    hint = after(start("wizard"), returned("hot", nan), used(CALM, 121))
    assert hint is not None
    assert hint.order is None
    assert after(start("barbarian"), returned("unclear", nan)) is None


def test_what_was_pressed_is_not_hinted_again() -> None:
    """Once Calm is held the steps are right; where a ninth is best, nothing more of the wizard's helps."""
    assert after(start("wizard"), returned("hot", 0.3), used(CALM, 121)) is None
    hint = after(start("wizard"), returned("hot", 1 / 27), used(CALM, 121))
    assert hint is not None
    assert hint.order is None


def test_a_push_that_has_ended_is_hinted_anew() -> None:
    """The verdict was of plain steps, and plain they are again."""
    scene = start("barbarian")
    assert RECKLESS == ordered(after(scene, returned("slow", 9.0)))
    rage = used(RAGE, 121, turns=10, left=2)
    assert RECKLESS == ordered(after(scene, rage))
    assert RAGE == ordered(after(scene, used(RECKLESS, 122), AbilityEnded(131, "rage", "its time is over")))


def test_where_calm_is_held_and_steps_are_too_small_the_hint_lets_go_of_it() -> None:
    """By another cantrip or by none, whichever comes nearer; scouts walked with it, so it is part of the steps they measured."""
    for best, order in ((9.0, QUICKEN), (3.4, UseAbility("spell_mastery", DISMISS))):
        scene = start("wizard")
        hint = after(scene, used(CALM, 40), returned("slow", best))
        assert order == ordered(hint)
        assert wanted_factor(scene) == best


@pytest.mark.parametrize("turn", [120, 124])
def test_what_is_held_since_before_the_scouts_and_put_down_after_them_counts(turn: int) -> None:
    """Ten times the calmed step is three times the plain one, in the very next turn too; and another cantrip counts as what it is."""
    for then, wanted in ((AbilityEnded(turn + 1, "spell_mastery", "dismissed"), 3.0), (used(QUICKEN, turn + 1), 3.0 / 1.25)):
        scene = start("wizard")
        after(scene, used(CALM, 40), returned("slow", 10.0))
        scene.turn = turn
        after(scene, then)
        assert wanted_factor(scene) == pytest.approx(wanted)


def test_what_was_put_down_before_the_scouts_went_does_not_count() -> None:
    """Neither in the turn after which they went, nor earlier; one cantrip in place of another is the one they walked with."""
    for turn in (50, 120):
        for then in (AbilityEnded(turn, "spell_mastery", "dismissed"), used(QUICKEN, turn)):
            scene = start("wizard")
            after(scene, used(CALM, 40))
            scene.turn = turn - 1
            after(scene, then)
            scene.turn = 120
            after(scene, returned("slow", 10.0))
            assert wanted_factor(scene) == pytest.approx(10.0)


def test_a_rage_that_lasts_over_the_scouts_counts_while_it_lasts() -> None:
    """They walk without it."""
    scene = start("barbarian")
    after(scene, used(RAGE, 55, turns=10, left=2), returned("slow", 9.0))
    assert wanted_factor(scene) == pytest.approx(6.0)
    after(scene, AbilityEnded(124, "rage", "its time is over"))
    assert wanted_factor(scene) == pytest.approx(9.0)


@pytest.mark.parametrize(("hero_class", "pace", "best"), [("barbarian", "hot", 0.2), ("cleric", "slow", 9.0)])
def test_where_nothing_of_the_heros_helps_the_hint_says_only_what_ails(hero_class: str, pace: Pace, best: float) -> None:
    """A barbarian cannot slow down, a cleric cannot push."""
    hint = after(start(hero_class), returned(pace, best))
    assert hint is not None
    assert (hint.order, hint.number, hint.ailment) == (None, 0, pace)


def test_without_charges_nothing_is_hinted_that_needs_one() -> None:
    """The last Rage is spent and over; what needs none stays."""
    scene = start("barbarian")
    after(scene, returned("slow", 9.0), used(RECKLESS, 121))
    after(scene, used(RAGE, 122, turns=10, left=0), AbilityEnded(131, "rage", "its time is over"))
    hint = hint_of(scene)
    assert hint is not None
    assert hint.order is None


@given(st.floats(0.01, 30), st.sampled_from(sorted(CLASSES.built_in)))
@settings(max_examples=30)
def test_a_tuned_run_needs_nothing(best: float, hero_class: str) -> None:
    """Whatever number came out, if the verdict does not vouch for it; the same where it cannot tell."""
    scene = scene_of(hero_class)
    scene.active.clear()
    for held in ([], [CALM], [QUICKEN, RECKLESS]):
        for order in held:
            scene.apply(used(order, 1))
        scene.apply(returned("tuned", best))
        assert hint_of(scene) is None
    scene.scouts = returned("unclear", best)
    assert hint_of(scene) is None


def test_a_hero_who_is_down_is_told_nothing() -> None:
    """No order would be obeyed; nor at the end."""
    scene = start("barbarian")
    assert after(scene, returned("slow", 9.0)) is not None
    assert after(scene, HeroHurt(121, 99, 0, "a fumble")) is None
    scene = start("barbarian")
    after(scene, returned("slow", 9.0))
    scene.apply(CampaignStopped(121))
    assert hint_of(scene) is None


def test_a_loss_that_is_no_number_and_learning_by_heart_come_first() -> None:
    """Signals that need no comparison; what turns back is the first remedy, then what calms."""
    scene = start("cleric")
    scene.apply(returned("slow", 9.0))
    for signs, ailment in (({"gap": 0.6, "val_rise": 0.1}, "overfit"), ({"non_finite": 2.0}, "lost")):
        scene.apply(examined(80, **signs))
        assert ailment == ailment_of(scene)
        order = ordered(hint_of(scene))
        assert order is not None
        assert order.ability in CLASSES["cleric"].abilities


@pytest.mark.parametrize(("pace", "best"), [("slow", 3.5), ("slow", 9.0), ("hot", 0.1)])
@pytest.mark.parametrize("hero_class", sorted(CLASSES.built_in))
def test_whoever_follows_the_hint_comes_nearer_to_the_best_step(pace: Pace, best: float, hero_class: str) -> None:
    """Press by press, and after a few presses there is none to follow. One class has nothing that pushes, and one nothing that calms."""
    scene = start(hero_class)
    scene.apply(returned(pace, best))
    followed = 0
    while (hint := hint_of(scene)) is not None and (order := hint.order) is not None:
        before, followed = abs(log(wanted_factor(scene))), followed + 1
        turn = 120 + followed
        scene.apply(AbilityEnded(turn, order.ability, "dismissed") if order.option == DISMISS else used(order, turn))
        assert abs(log(wanted_factor(scene))) <= before + 1e-9
        assert followed < 8, "it hints for ever"
    assert (followed == 0) == ((pace, hero_class) in (("slow", "cleric"), ("hot", "barbarian")))


# Obeyed.


@pytest.mark.slow
@pytest.mark.parametrize("best", [1 / 10, 1.0, 10.0])
@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_hinted_is_never_refused(name: str, best: float) -> None:
    """150 turns of each campaign, played by the hint alone, on a run whose best step is known."""
    obeyed_in(name, best, ())


@pytest.mark.parametrize(("name", "best"), [("frozen_north", 10.0), ("hot_forge", 1 / 10)])
def test_on_a_sick_campaign_there_is_something_to_press(name: str, best: float) -> None:
    """The hero that it names has the remedy."""
    assert obeyed_in(name, best, ()) > 0


@pytest.mark.slow
@pytest.mark.parametrize("best", [1 / 10, 10.0])
@pytest.mark.parametrize("hero_class", CLASSES.built_in)
@pytest.mark.parametrize("level", [1, 5])
def test_what_is_hinted_to_any_hero_is_never_refused(hero_class: str, best: float, level: int) -> None:
    """Of every class, with few abilities and with many, among monsters."""
    obeyed_in("tutorial", best, (f"hero.hero_class={hero_class}", f"hero.level={level}", "hero.auto=[]", "encounters.chance=0.2"))


def obeyed_in(name: str, best: float, overrides: tuple[str, ...]) -> int:
    """How often something was pressed; nothing was refused."""
    inbox, pressed = PlayedInbox(POLICIES["hinted"](0)), 0
    for event in Campaign(load(CAMPAIGNS / f"{name}.yaml", overrides), Paced(best)).play(inbox):
        inbox.see(event)
        assert not isinstance(event, CommandRefused), event
        pressed += isinstance(event, AbilityUsed) and event.live
        if isinstance(event, StepTaken) and event.turn == 150:
            break
    return pressed
