"""The auto-players: what they press, and that they go by the screen alone."""

from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.policies import NOW_AND_THEN, POLICIES, PlayedInbox, Policy, Sick, remedies
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.protocol.commands import Command, SetAuto, TakeShortRest, UseAbility
from rolltrain_tui.protocol.events import AbilityEnded, AbilityUsed, CommandAccepted, CommandRefused, Evaluated, Event, Examined, StepTaken
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.rules.health.signs import State, signs_of
from rolltrain_tui.story.scene import Scene

pytestmark = pytest.mark.slow

Play = Callable[..., list[Event]]


def examined(turn: int = 120, **values: float) -> Examined:
    """An examination that found these values, with the bounds of the table."""
    return Examined(turn, tuple(Reading(name, value, SIGNALS[name].low, SIGNALS[name].high) for name, value in values.items()), ())


SLOW, HOT, WELL = examined(temperature=-0.05), examined(temperature=2 * (SIGNALS["temperature"].high or 1)), examined(temperature=0.005)
OVERFIT = examined(temperature=0.005, gap=0.5, val_rise=0.1)


@pytest.fixture
def scene(tiny_config: Callable[..., CampaignConfig]) -> Callable[[str, int], Scene]:
    """The screen at the start of a hero's campaign."""

    def start(hero_class: str, level: int = 1) -> Scene:
        config = tiny_config(f"hero.hero_class={hero_class}", "hero.auto=[]", f"hero.level={level}", "diagnosis.examine=false")
        events = Campaign(config, build_learner(config, base=Path.cwd())).play(PlayedInbox(POLICIES["none"](0)))
        seen = Scene()
        for event in events:
            seen.apply(event)
            if isinstance(event, Evaluated):
                break
        return seen

    return start


def pressed(policy: Policy, scene: Scene, event: Examined) -> list[Command]:
    scene.apply(event)
    return list(policy.press(scene))


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (SLOW, "slow"),
        (HOT, "hot"),
        (WELL, "well"),
        (OVERFIT, "overfit"),
        (examined(), "well"),
        (examined(temperature=nan, projected_gain=nan), "well"),
        (examined(temperature=nan, projected_gain=0.1), "slow"),
        (examined(temperature=0.01, projected_gain=0.1), "well"),
        (examined(temperature=0.01, update_ratio=1e-6), "slow"),
        (examined(temperature=-0.05, loss_rise=1.5), "hot"),
        (examined(gradient_spike=9.0), "hot"),
        (examined(temperature=0.004, gradient_spike=9.0), "hot"),
        (examined(temperature=-0.05, gradient_spike=9.0), "slow"),
        (examined(temperature=-0.05, dead_units=0.2), "slow"),
        (examined(temperature=0.004, dead_units=0.2), "hot"),
        (examined(non_finite=1.0), "hot"),
        (examined(gap=0.5, val_rise=0.0), "well"),
    ],
)
def test_diagnosis(event: Examined, state: State) -> None:
    """The signals force the state: heat first, then overfitting, then sloth; what is not known yet says nothing."""
    assert signs_of(event) == state


PUSH = (
    UseAbility("rage"),
    UseAbility("reckless_attack"),
    UseAbility("arcane_recovery"),
    UseAbility("spell_mastery", "quicken"),
    UseAbility("sneak_attack"),
    UseAbility("cunning_action", "dash"),
    UseAbility("action_surge"),
    UseAbility("divine_smite"),
)
CALM = (
    UseAbility("spell_mastery", "calm"),
    UseAbility("spell_mastery", "steady"),
    UseAbility("healing_word"),
    UseAbility("cunning_action", "disengage"),
    UseAbility("aura_of_protection"),
    UseAbility("second_wind"),
)
TURN_BACK = (UseAbility("divine_intervention"), *CALM)


@pytest.mark.parametrize("hero_class", CLASSES)
def test_the_oracle_and_its_opposite(scene: Callable[..., Scene], hero_class: str) -> None:
    """On a slow run the oracle presses only what pushes and `wrong` only what calms; on a hot one it is the other way round."""
    for event, oracles, wrongs in ((SLOW, PUSH, TURN_BACK), (HOT, CALM, PUSH)):
        right = pressed(POLICIES["oracle"](0), scene(hero_class, 5), event)
        wrong = pressed(POLICIES["wrong"](0), scene(hero_class, 5), event)
        assert set(right) <= set(oracles)
        assert set(wrong) <= set(wrongs)
        assert right or wrong
        assert set(right).isdisjoint(wrong)


def test_one_dose_an_examination(scene: Callable[..., Scene]) -> None:
    """The oracle acts once after each examination, within one action and one bonus action, and leaves a healthy run alone."""
    policy, table = POLICIES["oracle"](0), scene("fighter")
    assert list(policy.press(table)) == []
    assert pressed(policy, table, SLOW) == [UseAbility("action_surge")]
    assert list(policy.press(table)) == []
    assert pressed(policy, table, examined(140, temperature=0.004)) == []
    wizard = pressed(POLICIES["oracle"](0), scene("wizard", 5), SLOW)
    assert wizard == [UseAbility("arcane_recovery"), UseAbility("spell_mastery", "quicken")]


def test_what_is_held_is_put_down(scene: Callable[..., Scene]) -> None:
    """What holds until dismissed is dismissed when the run no longer asks for it, and changed when it asks for another option."""
    policy, barbarian = POLICIES["oracle"](0), scene("barbarian")
    barbarian.apply(AbilityUsed(3, "reckless_attack", "", True, 2.0, 0, None))
    assert pressed(policy, barbarian, HOT) == [UseAbility("reckless_attack", DISMISS)]
    wizard = scene("wizard", 5)
    wizard.apply(AbilityUsed(3, "spell_mastery", "quicken", True, 1.25, 0, None))
    assert pressed(POLICIES["oracle"](0), wizard, HOT) == [UseAbility("spell_mastery", "calm")]


def test_a_rest_where_it_brings_something_back(scene: Callable[..., Scene]) -> None:
    """A pool that a short rest refills and that is empty makes the oracle ask for one."""
    fighter = scene("fighter")
    fighter.apply(AbilityUsed(3, "action_surge", "", True, 1.0, 1, 0))
    assert pressed(POLICIES["oracle"](0), fighter, SLOW) == [TakeShortRest()]


def test_auto_sets_every_passive_form(scene: Callable[..., Scene]) -> None:
    """`auto` sets what has a passive form, before the first turn, and nothing later."""
    table = scene("wizard")
    assert list(POLICIES["auto"](0).press(table)) == [SetAuto("arcane_recovery", True)]
    table.turn = 1
    assert list(POLICIES["auto"](0).press(table)) == []


def test_the_random_player_has_a_stream_of_its_own(scene: Callable[..., Scene]) -> None:
    """It presses about one turn in twenty, the same for the same seed, and otherwise for another."""
    table = scene("rogue")

    def sitting(seed: int) -> list[list[Command]]:
        policy = POLICIES["random"](seed)
        return [list(policy.press(table)) for _ in range(2000)]

    assert sitting(1) == sitting(1) != sitting(2)
    assert pytest.approx(NOW_AND_THEN, rel=0.35) == sum(map(bool, sitting(1))) / 2000


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "none"])
@pytest.mark.parametrize("hero_class", CLASSES)
def test_only_commands_of_the_class(tiny_config: Callable[..., CampaignConfig], hero_class: str, policy: str) -> None:
    """In a real campaign every order is of the hero's own abilities, and none but a rest is ever refused."""
    overrides = ("turns=17", f"hero.hero_class={hero_class}", "hero.auto=[]", "hero.level=5", "camps.every=9", "diagnosis.examine=false")
    config = tiny_config(*overrides, "encounters.mode=off")
    inbox = PlayedInbox(POLICIES[policy](3))
    answers: list[CommandAccepted | CommandRefused] = []
    for event in Campaign(config, build_learner(config, base=Path.cwd())).play(inbox):
        if not isinstance(event, Examined):
            inbox.see(event)
        if isinstance(event, StepTaken) and event.turn % 4 == 0:  # as if looked over: hot, slow and hot again
            inbox.see(examined(140 + event.turn, temperature=-0.05 if event.turn % 8 else 9.0))
        if isinstance(event, CommandAccepted | CommandRefused):
            answers.append(event)
    abilities = {one.command.ability for one in answers if isinstance(one.command, UseAbility | SetAuto)}
    assert abilities <= set(CLASSES[hero_class].abilities)
    assert abilities or policy in ("random", "hinted")  # no scouts go out here, so no hint tells of the steps
    assert [one for one in answers if isinstance(one, CommandRefused) and not isinstance(one.command, TakeShortRest)] == []


@pytest.mark.parametrize(("state", "orders"), [("slow", PUSH), ("hot", CALM), ("overfit", TURN_BACK[:1])])
def test_remedies_stand_in_the_rows(state: Sick, orders: tuple[UseAbility, ...]) -> None:
    """Each class has these remedies for a state, in this order; every other ability and option is a remedy for none."""
    for row in CLASSES.built_in.values():
        expected = [order for order in orders if order.ability in row.abilities]
        assert expected == [order for name in row.abilities for order in remedies(name, state)]


def test_once_burnt_the_oracle_never_pushes_and_lets_go_after_three_slow_looks(scene: Callable[[str, int], Scene]) -> None:
    """A calmed run looks slow: what is held stays until that is plain, and no push follows."""
    table, policy = scene("wizard", 5), POLICIES["oracle"](0)
    calm = UseAbility("spell_mastery", "calm")
    assert calm in pressed(policy, table, examined(120, dead_units=0.5))
    table.apply(AbilityUsed(121, "spell_mastery", "calm", True, 0.3, 0, None))
    slow = [pressed(policy, table, examined(120 + 20 * n, temperature=-0.05)) for n in (1, 2, 3)]
    assert [[], [], [UseAbility("spell_mastery", DISMISS)]] == slow
    table.apply(AbilityEnded(181, "spell_mastery", "dismissed"))
    assert [] == pressed(policy, table, examined(200, temperature=-0.05))


def test_a_push_ends_where_bouncing_begins(scene: Callable[[str, int], Scene]) -> None:
    """What pushes is held while the run takes it well, and put down when the temperature is clearly above zero; what calms is not."""
    table, policy = scene("wizard", 5), POLICIES["oracle"](0)
    assert UseAbility("spell_mastery", "quicken") in pressed(policy, table, SLOW)
    table.apply(AbilityUsed(121, "spell_mastery", "quicken", True, 1.25, 0, None))
    assert [] == pressed(policy, table, examined(140, temperature=0.01))
    assert [UseAbility("spell_mastery", DISMISS)] == pressed(policy, table, examined(160, temperature=0.02))
    table, policy = scene("wizard", 5), POLICIES["oracle"](0)
    assert UseAbility("spell_mastery", "calm") in pressed(policy, table, HOT)
    table.apply(AbilityUsed(121, "spell_mastery", "calm", True, 0.3, 0, None))
    assert [] == pressed(policy, table, examined(140, temperature=0.02))


def test_the_oracle_waits_until_a_run_has_settled(scene: Callable[[str, int], Scene]) -> None:
    """What a run shows in its first turns is no diagnosis."""
    table, policy = scene("wizard", 5), POLICIES["oracle"](0)
    assert [] == pressed(policy, table, examined(20, dead_units=0.5))
    assert [] != pressed(policy, table, examined(40, dead_units=0.5))


def test_a_young_run_is_not_called_slow(scene: Callable[[str, int], Scene]) -> None:
    """Every run is on its way in its first hundred turns; heat counts sooner."""
    table, policy = scene("barbarian", 5), POLICIES["oracle"](0)
    assert [] == pressed(policy, table, examined(80, temperature=-0.09))
    assert UseAbility("rage") in pressed(policy, table, examined(100, temperature=-0.09))


def test_remedies_of_plugins_are_taken_by_state(scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    """An ability that calls itself a remedy for slow runs is what the oracle takes in one, and what `wrong` takes in a hot one."""
    wind = UseAbility("second_wind")  # a calming one, which the oracle leaves alone in a slow run
    assert wind not in pressed(POLICIES["oracle"](1), scene("fighter"), SLOW)
    monkeypatch.setitem(ABILITIES.built_in, "second_wind", replace(ABILITIES["second_wind"], remedy="slow"))  # type: ignore[arg-type]
    assert wind in pressed(POLICIES["oracle"](1), scene("fighter"), SLOW)
    assert wind in pressed(POLICIES["wrong"](1), scene("fighter"), HOT)
    assert wind not in pressed(POLICIES["oracle"](1), scene("fighter"), WELL)
