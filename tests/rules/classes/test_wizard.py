import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import TakeShortRest, UseAbility
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import AbilityEnded, AbilityUsed, CommandAccepted, CommandRefused, Rested
from rolltrain_tui.rules.classes.wizard import recovery_scale

RECOVERY = UseAbility("arcane_recovery")


def cast(option):
    return UseAbility("spell_mastery", option)


def left(table):
    return table.game.sheet().charges[0].left


def test_arcane_recovery_averages_a_quarter_more():
    """Twenty turns on the learning rate, falling from near 1.5 to near 1, with a mean of exactly 1.25; the update hook is not touched."""
    table = make_table("wizard", rulebook="off", faces=[])
    table.play(RECOVERY)
    rates = [table.effect.lr_scale]
    for _ in range(19):
        table.play()
        rates.append(table.effect.lr_scale)
        assert 1.0 == table.effect.update_scale
    assert 1.25 == pytest.approx(sum(rates) / 20, abs=1e-12)
    assert rates == sorted(rates, reverse=True) == [recovery_scale(turn) for turn in range(20)]
    assert 1.49 < rates[0] < 1.5
    assert 1.0 < rates[-1] < 1.01
    table.play()
    assert StepEffect() == table.effect
    assert [AbilityEnded(20, "arcane_recovery", "it has run its course")] == of(AbilityEnded, table.facts)


def test_the_passive_recovery_is_five_turns_of_a_quarter_more():
    """A total of 15 spends a charge and warms this turn and the next four; 14 does nothing; three charges and no more."""
    table = make_table("wizard", rulebook="off", faces=[12, *[13] * 20], auto=["arcane_recovery"])
    rates = []
    for _ in range(21):
        table.play()
        rates.append(table.effect.lr_scale)
    warm = [recovery_scale(turn, 5) for turn in range(5)]
    assert pytest.approx([1.0, *warm * 3, *[1.0] * 5]) == rates
    assert 1.25 == pytest.approx(sum(warm) / 5)
    assert [2, 1, 0] == [used.charges for used in of(AbilityUsed, table.facts)]


def test_a_critical_hit_and_the_recovery_stay_within_the_bound():
    """hero's 2 under Quicken's 1.25 and a fresh recovery would be more; the product of all levers is 3."""
    table = make_table("wizard", faces=[20], level=5, auto=["arcane_recovery"])
    table.play(cast("quicken"))
    assert 3.0 == pytest.approx(table.effect.update_scale * table.effect.lr_scale)
    assert recovery_scale(0, 5) == table.effect.lr_scale


@pytest.mark.parametrize(("level", "refund"), [(1, 1), (2, 1), (3, 2), (5, 3)])
def test_a_short_rest_refunds_half_the_level_once(level, refund):
    """Charges come back, half the level rounded up and never above three, once until the next long rest."""
    table = make_table("wizard", rulebook="off", faces=[20] * 15, auto=["arcane_recovery"], level=level, short_rest_every=1)
    table.play_turns(15)
    assert 0 == left(table)
    assert refund == of(Rested, table.play(TakeShortRest()))[0].sheet.charges[0].left
    table.game.loadout.held["arcane_recovery"].left = 0
    table.play(TakeShortRest())
    assert 0 == left(table)
    table.game.camp(table.turn)
    assert 3 == left(table)
    table.game.loadout.held["arcane_recovery"].left = 0
    table.play(TakeShortRest())
    assert refund == left(table)


def test_a_rest_with_nothing_to_refund_keeps_the_refund():
    """The refund is spent only when a charge comes back."""
    table = make_table("wizard", rulebook="off", faces=[12, 20], auto=["arcane_recovery"], short_rest_every=1)
    table.play(TakeShortRest())
    table.play()
    assert 2 == left(table)
    table.play(TakeShortRest())
    assert 3 == left(table)


@pytest.mark.parametrize(("option", "k"), [("steady", 0.75), ("calm", 0.3), ("quicken", 1.25)])
def test_a_cantrip_scales_every_update_until_dismissed(option, k):
    """The claimed multiple stands on the update, turn after turn."""
    table = make_table("wizard", rulebook="off", faces=[], level=5)
    facts = table.play(cast(option))
    assert [AbilityUsed(1, "spell_mastery", option, True, k, 0, None)] == of(AbilityUsed, facts)
    for _ in range(40):
        table.play()
        assert StepEffect(update_scale=k) == table.effect
    table.play(cast("dismiss"))
    assert StepEffect() == table.effect


def test_changing_the_cantrip_ends_the_old_one():
    """One at a time: Steady ends as Calm begins."""
    table = make_table("wizard", rulebook="off", faces=[], level=3)
    table.play(cast("steady"))
    facts = table.play(cast("calm"))
    assert [AbilityEnded(2, "spell_mastery", "changed to calm")] == of(AbilityEnded, facts)
    assert StepEffect(update_scale=0.3) == table.effect


def test_a_cantrip_is_a_bonus_action_and_the_recovery_an_action():
    """Both fit in one turn; a second cantrip in the same turn does not; dismissing is free."""
    table = make_table("wizard", rulebook="off", faces=[], level=3)
    facts = table.play(RECOVERY, cast("steady"), cast("calm"), cast("dismiss"))
    assert [RECOVERY, cast("steady"), cast("dismiss")] == [fact.command for fact in of(CommandAccepted, facts)]
    refusal = "One bonus action a turn: Spell Mastery can wait for the next."
    assert [CommandRefused(1, cast("calm"), refusal)] == of(CommandRefused, facts)
