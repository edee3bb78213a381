from dataclasses import replace

import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import AbilityEnded, AbilityUsed, CommandRefused, DiceRolled, HeroHurt, MonsterActed
from rolltrain_tui.rules.rulebooks import RULEBOOKS

RAGE, RECKLESS = UseAbility("rage"), UseAbility("reckless_attack")


def charge(table, ability="rage"):
    return next(c.left for c in table.game.sheet().charges if c.ability == ability)


def scales(table, turns, *first_orders):
    """update_scale of each of the next turns."""
    rows = []
    for turn in range(turns):
        table.play(*(first_orders if turn == 0 else ()))
        rows.append(table.effect.update_scale)
    return rows


def test_a_live_rage_is_ten_turns_of_half_as_large_again():
    """Ten turns of k x1.5 with the clip doubled and decay off, then the plain turn; one charge is gone."""
    table = make_table(rulebook="off", faces=[])
    facts = table.play(RAGE)
    assert [AbilityUsed(1, "rage", "", True, 1.5, 10, 1)] == of(AbilityUsed, facts)
    effects = [table.effect]
    for _ in range(10):
        table.play()
        effects.append(table.effect)
    assert [StepEffect(update_scale=1.5, clip_factor=2.0, decay_factor=0.0)] * 10 + [StepEffect()] == effects
    assert [AbilityEnded(10, "rage", "it has run its course")] == of(AbilityEnded, table.facts)
    assert 1 == charge(table)


@pytest.mark.parametrize(
    ("level", "k", "pool"), [(1, 1.5, 2), (3, 1.5, 3), (6, 1.5, 4), (9, 1.6, 4), (12, 1.6, 5), (16, 1.7, 5), (17, 1.7, 6)]
)
def test_rage_grows_with_the_level(level, k, pool):
    """x1.6 from level 9 and x1.7 from 16; charges 2, 3, 4, 5, 6."""
    table = make_table(rulebook="off", faces=[], level=level)
    assert pool == charge(table)
    table.play(RAGE)
    assert k == table.effect.update_scale


def test_a_rage_without_hits_cools():
    """Three turns in a row below the DC end it early; a hit between them starts the count anew."""
    table = make_table(faces=[2, 2, 12, 2, 2, 2])
    table.play(RAGE)
    table.play_turns(5)
    assert [AbilityEnded(6, "rage", "3 turns in a row without a hit")] == of(AbilityEnded, table.facts)
    table.play()
    assert 1.0 < table.effect.update_scale < 1.5


def test_the_passive_rage_takes_this_turn_and_the_next_two():
    """A total of 16 spends a charge and three turns take k x1.5, without the live form's other levers."""
    table = make_table(rulebook="off", faces=[13, 14], auto=["rage"])
    assert [1.0, 1.5, 1.5, 1.5, 1.0] == scales(table, 5)
    assert [AbilityUsed(2, "rage", "", False, 1.5, 3, 1)] == of(AbilityUsed, table.facts)
    assert [AbilityEnded(4, "rage", "it has run its course")] == of(AbilityEnded, table.facts)
    table = make_table(rulebook="off", faces=[14], auto=["rage"])
    table.play()
    assert StepEffect(update_scale=1.5) == table.effect


def test_passive_and_live_rage_share_their_charges():
    """Two passive rages leave nothing for a live one, nor for a third."""
    table = make_table(rulebook="off", faces=[20] * 30, auto=["rage"])
    table.play_turns(12)
    assert 2 == len(of(AbilityUsed, table.facts))
    assert [CommandRefused(13, RAGE, "No Rage left until a long rest.")] == of(CommandRefused, table.play(RAGE))


def test_no_passive_form_triggers_unasked():
    """Outside the hero's auto set, no total sets anything off."""
    table = make_table(rulebook="off", faces=[20] * 5)
    table.play_turns(5)
    assert [] == of(AbilityUsed, table.facts)
    assert StepEffect() == table.effect


def test_a_passive_reckless_attack_doubles_its_turn():
    """A total of 18 takes k x2 that turn, without a charge and without a farewell."""
    table = make_table(rulebook="off", faces=[15, 16, 12], auto=["reckless_attack"])
    assert [1.0, 2.0, 1.0] == scales(table, 3)
    assert [AbilityUsed(2, "reckless_attack", "", False, 2.0, 1, None)] == of(AbilityUsed, table.facts)
    assert [] == of(AbilityEnded, table.facts)


def test_a_passive_reckless_attack_is_one_blow():
    """Rolling for every micro-batch, it doubles the rolls of 18 and more and gives the others neither a factor nor a second die."""
    book = replace(RULEBOOKS["off"], roll_on="micro")
    table = make_table(rulebook=book, accumulation=3, faces=[16, 12, 17], auto=["reckless_attack"])
    assert [1, 1, 1] == [len(roll.naturals) for roll in of(DiceRolled, table.play())]
    assert (2.0, 1.0, 2.0) == table.effect.micro_scales


def test_reckless_attack_rolls_two_dice_and_doubles_hits():
    """While it holds the higher of two dice counts, hits and criticals take k x2, misses do not, and the batch is halved."""
    table = make_table(faces=[2, 12, 3, 4, 20, 1])
    first = of(DiceRolled, table.play(RECKLESS))[0]
    assert ((2, 12), 12, "hit") == (first.naturals, first.natural, first.outcome)
    assert StepEffect(update_scale=2 * first.k, batch_factor=0.5) == table.effect
    assert [0.5, 3.0] == scales(table, 2)


def test_reckless_attack_holds_until_dismissed():
    """It has no turns of its own; dismissing it, or using it again, ends it at once."""
    for last in (UseAbility("reckless_attack", "dismiss"), RECKLESS):
        table = make_table(rulebook="off", faces=[])
        assert 0 == of(AbilityUsed, table.play(RECKLESS))[0].turns
        table.play_turns(30)
        assert 0.5 == table.effect.batch_factor
        table.play(last)
        assert StepEffect() == table.effect
        assert [AbilityEnded(32, "reckless_attack", "dismissed")] == of(AbilityEnded, table.facts)


def test_reckless_attack_cancels_disadvantage():
    """One die is rolled while both hold."""
    table = make_table(advantage="disadvantage")
    assert 1 == len(of(DiceRolled, table.play(RECKLESS))[0].naturals)
    table = make_table(advantage="disadvantage")
    assert 2 == len(of(DiceRolled, table.play())[0].naturals)


def test_rage_and_recklessness_multiply_up_to_the_bound():
    """1.5 x 2 x a critical's 2 would be 6; the turn takes 3."""
    table = make_table(faces=[20, 20])
    table.play(RAGE, RECKLESS)
    assert StepEffect(update_scale=3.0, clip_factor=2.0, decay_factor=0.0, batch_factor=0.5) == table.effect


def test_a_rage_halves_what_the_wraith_does_to_the_weights():
    """The wraith's 4% is felt as 2% in a live rage, and in full without one or in a passive one."""
    felt = []
    for orders, last_face in (((), 12), ((RAGE,), 12), ((), 14)):
        wraith = {"encounter_mode": "random", "encounter_chance": 1.0, "bestiary": ("weight_wraith",)}
        table = make_table(faces=[12] * 5 + [last_face], fate=wraith_strikes(), auto=["rage"], **wraith)
        table.play()
        table.play(*orders)
        table.play_turns(4)
        assert [False] == [act.saved for act in of(MonsterActed, table.facts)]
        assert (orders == (RAGE,) or last_face == 14) == bool(of(AbilityUsed, table.facts))
        felt.append(table.effect.weight_noise)
    assert [0.04, 0.02, 0.04] == felt


def wraith_strikes():
    """Dice of fate: the wraith comes at the end of turn 1, is struck for 4 each turn, acts at the end of turn 5 and the save fails."""
    yield from (1, 1)
    for _ in range(3):
        yield 1
    yield from (1, 6, 2, 6)


def test_recklessness_leaves_the_hero_open():
    """Saving throws take the lower of two dice and wounds are doubled."""
    fate = [1, 1, 1, 1, 1, 1, 6, 19, 3, 4]
    table = make_table(encounter_mode="random", encounter_chance=1.0, bestiary=("weight_wraith",), faces=[], fate=fate, level=5)
    table.play()
    table.play(RECKLESS)
    table.play_turns(3)
    act = of(MonsterActed, table.facts)[0]
    assert (3, 8, False, 8) == (act.natural, act.total, act.saved, act.damage)
    assert 8 == of(HeroHurt, table.facts)[0].damage
