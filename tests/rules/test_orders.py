import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import SaveGame, SetAuto, Speak, TakeShortRest, UseAbility
from rolltrain_tui.protocol.events import AutoSet, CommandAccepted, CommandRefused
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import Power
from rolltrain_tui.rules.naming import RulesError

RAGE = UseAbility("rage")


def reason(table, *orders):
    """Why the last of these orders was refused."""
    refused = of(CommandRefused, table.play(*orders))
    assert [orders[-1]] == [fact.command for fact in refused]
    return refused[0].reason


@pytest.mark.parametrize(
    ("hero_class", "order", "text"),
    [
        ("barbarian", UseAbility("ragee"), 'There is no ability "ragee". Did you mean "rage"?'),
        ("barbarian", UseAbility("xyzzy"), 'There is no ability "xyzzy". Known: rage, reckless_attack.'),
        ("barbarian", UseAbility("spell_mastery", "calm"), "Spell Mastery is the Wizard's; Brakka is a Barbarian."),
        ("barbarian", UseAbility("rage", "hot"), "Rage has no options; use it plainly."),
        ("barbarian", UseAbility("rage", "dismiss"), "Rage is not in force."),
        ("wizard", UseAbility("spell_mastery"), "Which Spell Mastery? Open to you: steady."),
        ("wizard", UseAbility("spell_mastery", "calm"), "Spell Mastery: Calm opens at level 3."),
        ("wizard", UseAbility("spell_mastery", "stedy"), 'Spell Mastery has no "stedy". Did you mean "steady"?'),
        ("wizard", UseAbility("spell_mastery", "dismiss"), "Spell Mastery is not in force."),
        ("wizard", SetAuto("spell_mastery", True), "Spell Mastery has no passive form that could trigger by itself."),
        ("wizard", SetAuto("rage", True), "Rage is the Barbarian's; Brakka is a Wizard."),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(hero_class, order, text):
    """Unknown, foreign, not open yet, not in force: one sentence each, and nothing else happens."""
    table = make_table(hero_class, rulebook="off", faces=[])
    assert text == reason(table, order)
    assert () == table.effect.levers()


def test_an_ability_in_force_cannot_be_used_again():
    """The refusal says how long it still holds."""
    table = make_table(faces=[])
    table.play(RAGE)
    assert "Rage is already in force: 9 more turns." == reason(table, RAGE)
    table = make_table("wizard", faces=[])
    steady = UseAbility("spell_mastery", "steady")
    table.play(steady)
    assert "Spell Mastery is already in force: it holds until dismissed." == reason(table, steady)


def test_one_bonus_action_a_turn():
    """A rage dismissed and raged again in one turn would be two."""
    table = make_table(faces=[])
    dismiss = UseAbility("rage", "dismiss")
    assert "One bonus action a turn: Rage can wait for the next." == reason(table, RAGE, dismiss, RAGE)


def test_every_order_is_answered_in_its_place():
    """Accepted, then its facts, in the order given; the turn's roll comes after all of them."""
    table = make_table(faces=[])
    facts = table.play(SetAuto("rage", True), RAGE, UseAbility("nonsense"))
    assert ["CommandAccepted", "AutoSet", "CommandAccepted", "AbilityUsed", "CommandRefused", "DiceRolled"] == [
        type(f).__name__ for f in facts
    ]


def test_auto_can_be_switched_off_and_on():
    """The order decides whether the passive form triggers from this very turn on."""
    table = make_table(rulebook="off", faces=[20] * 9, auto=["rage"])
    facts = table.play(SetAuto("rage", False))
    assert [AutoSet(1, "rage", False)] == of(AutoSet, facts)
    assert 1.0 == table.effect.update_scale
    assert [False, False] == [charge.auto for charge in table.game.sheet().charges]
    table.play(SetAuto("rage", True))
    assert 1.5 == table.effect.update_scale


def test_speech_and_saves_are_not_the_tables():
    """The campaign answers them; the game says nothing."""
    table = make_table(faces=[])
    facts = table.play(Speak(), SaveGame("before the dragon"))
    assert [] == of(CommandAccepted, facts) + of(CommandRefused, facts)


def test_a_campaign_cannot_name_a_passive_form_that_is_not_there():
    """Spell Mastery in the campaign's auto list is an error with a sentence."""
    with pytest.raises(RulesError, match="Spell Mastery has no passive form"):
        make_table("wizard", auto=["spell_mastery"])


@pytest.mark.parametrize("row", ABILITIES.values(), ids=ABILITIES)
def test_every_row_agrees_with_its_power(row):
    """A passive text stands where a passive form does, a recharge where there is a pool, and options open by level 5."""
    own_trigger = type(row.power).triggers is not Power.triggers
    assert bool(row.passive) == (row.power.trigger is not None or own_trigger)
    assert bool(row.recharge) == (row.power.most(1) is not None)
    assert all(option.level <= 5 for option in row.options)
    assert all((row.title, row.summary, row.live))


def test_a_downed_hero_cannot_act():
    """At 0 HP abilities and rests are refused; auto may still be set."""
    table = make_table(faces=[])
    table.game.hero.hp = 0
    assert "is down and can use no abilities" in reason(table, RAGE)
    table.game.hero.hp = 0
    assert "is down" in reason(table, TakeShortRest())
