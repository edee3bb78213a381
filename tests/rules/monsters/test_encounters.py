from collections import Counter
from itertools import pairwise

import pytest
from support.tabletop import BEASTS, AlwaysDice, make_rules, make_table, of

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import HeroHurt, MonsterActed, MonsterAppeared, MonsterFell, MonsterLeft, MonsterStruck, XPGained
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.naming import RulesError
from rolltrain_tui.story.narration import tell


def meeting(monster, fate=(), **changes):
    """A table at which one kind of monster comes at the end of turn 1, or whenever none is near."""
    table = make_table(encounter_mode="random", encounter_chance=1.0, bestiary=(monster,), fate=[1, 1, *fate], **changes)
    table.play()
    assert [monster] == [fact.monster for fact in of(MonsterAppeared, table.facts)]
    return table


@pytest.mark.parametrize(
    ("monster", "challenge", "hp", "armour_class", "save_dc", "xp", "failed", "saved"),
    [
        ("gradient_ooze", "1/2", 30, 8, 10, 100, (StepEffect(lr_scale=0.5), 3), (StepEffect(lr_scale=0.5), 1)),
        ("loss_dragon", "5", 100, 15, 16, 1800, (StepEffect(target_noise=0.1), 1), (StepEffect(target_noise=0.05), 1)),
        ("weight_wraith", "3", 60, 13, 13, 700, (StepEffect(weight_noise=0.04), 1), (StepEffect(weight_noise=0.02), 1)),
    ],
)
def test_each_row_of_the_bestiary(monster, challenge, hp, armour_class, save_dc, xp, failed, saved):
    """Challenge, HP, armour class, the save's difficulty 8 + proficiency + rating, XP, and what the power does."""
    row = BESTIARY[monster]
    assert (challenge, hp, armour_class, save_dc, xp) == (row.challenge, row.hp, row.armour_class, row.save_dc, row.xp)
    assert (failed, saved) == ((row.failed.effect, row.failed.turns), (row.saved.effect, row.saved.turns))
    assert 1 == len({len(line) for line in row.portrait})
    assert all(line.isascii() and len(line) <= 32 for line in row.portrait)


@pytest.mark.parametrize(
    ("monster", "natural", "saved", "total", "wound", "turns_felt"),
    [
        ("gradient_ooze", 4, False, 9, 3, 3),
        ("gradient_ooze", 5, True, 10, 1, 1),
        ("loss_dragon", 14, False, 15, 3, 1),
        ("loss_dragon", 15, True, 16, 1, 1),
        ("weight_wraith", 8, False, 12, 3, 1),
        ("weight_wraith", 9, True, 13, 1, 1),
    ],
)
def test_a_saving_throw_decides_how_much_is_felt(monster, natural, saved, total, wound, turns_felt):
    """Ability modifier and the class's proficiency against the difficulty; a success halves the wound and the affliction."""
    table = meeting(monster, faces=[])
    table.game.encounters.hp = 1000
    blows = [] if monster == "loss_dragon" else [1, 1, 1, 1]
    table.game.monster_dice.load_state_dict({"faces": [*blows, 6, natural, 3], "then": None})
    table.play_turns(4)
    act = of(MonsterActed, table.facts)[0]
    assert (5, natural, total, saved, wound) == (act.turn, act.natural, act.total, act.saved, act.damage)
    assert [wound] == [hurt.damage for hurt in of(HeroHurt, table.facts)]
    felt = []
    for _ in range(4):
        table.play()
        levers = set(table.effect.levers()) - {"update_scale"}
        felt.append(levers)
    row = BESTIARY[monster].saved if saved else BESTIARY[monster].failed
    assert [set(row.effect.levers())] * turns_felt + [set()] * (4 - turns_felt) == felt
    assert row.words == act.effect


def test_cosmetic_monsters_leave_the_training_alone():
    """They wound the hero, and no lever but the roll's moves."""
    table = make_table(rulebook="off", encounter_mode="random", encounter_chance=1.0, encounter_effects="cosmetic", level=9)
    for _ in range(200):
        table.play()
        assert () == table.effect.levers()
    assert {"the training does not feel it"} == {act.effect for act in of(MonsterActed, table.facts)}
    assert {act.attack for act in of(MonsterActed, table.facts) if act.damage} <= {hurt.cause for hurt in of(HeroHurt, table.facts)}


@pytest.mark.parametrize(
    ("face", "die", "strength", "damage"),
    [(11, 4, 16, [7]), (20, 4, 16, [14]), (10, 4, 16, []), (11, 1, 3, [1]), (20, 1, 3, [2])],
)
def test_the_hero_strikes_when_the_total_reaches_the_armour_class(face, die, strength, damage):
    """1d6 + STR against the wraith's 13, at least 1, doubled on a critical hit."""
    table = meeting("weight_wraith", [die], faces=[12, face], stats={"STR": strength})
    assert damage == [struck.damage for struck in of(MonsterStruck, table.play())]


def test_a_fallen_monster_is_worth_its_challenge():
    """Its last blow, its fall and its XP, in this order; then the road is free for another."""
    table = meeting("gradient_ooze", faces=[])
    table.game.encounters.hp = 4
    facts = [type(fact).__name__ for fact in table.play()]
    assert ["DiceRolled", "MonsterStruck", "MonsterFell", "XPGained", "MonsterAppeared"] == facts
    assert [100] == [fact.xp for fact in of(MonsterFell, table.facts)] == [fact.amount for fact in of(XPGained, table.facts)]
    assert ["100 XP (the Gradient Ooze fell): 100 in all."] == [told for fact in table.facts if "XP" in (told := tell(fact))]


def test_monsters_may_be_worth_nothing():
    """xp.monsters false: a fall, and no XP."""
    table = meeting("gradient_ooze", faces=[], xp_monsters=False)
    table.game.encounters.hp = 4
    table.play()
    assert [0] == [fact.xp for fact in of(MonsterFell, table.facts)]
    assert [] == of(XPGained, table.facts)


def test_monsters_come_as_often_as_the_campaign_says():
    """At a chance of 0.05 a turn and monsters that fall at a touch, 4000 turns meet about 200, of all three kinds."""
    table = make_table(rulebook="off", encounter_mode="random", encounter_chance=0.05, level=20)
    for _ in range(4000):
        table.play()
        table.game.encounters.hp = min(1, table.game.encounters.hp)
        table.game.hero.hp = table.game.hero.max_hp
    kinds = Counter(fact.monster for fact in of(MonsterAppeared, table.facts))
    assert set(BEASTS) == set(kinds)
    assert 140 < sum(kinds.values()) < 230


@pytest.mark.parametrize("changes", [{"encounter_mode": "off"}, {"bestiary": ()}, {"encounter_chance": 0.0}])
def test_a_campaign_may_have_no_monsters(changes):
    """Off, an empty bestiary and a chance of zero all mean nobody comes."""
    table = make_table(**{"encounter_mode": "random", "encounter_chance": 1.0, **changes})
    assert [] == of(MonsterAppeared, table.play_turns(300))


def test_an_unknown_monster_is_refused():
    """With the nearest spelling."""
    with pytest.raises(RulesError, match=r'no monster "loss_dragoon"\. Did you mean "loss_dragon"'):
        make_rules(bestiary=("loss_dragoon",))


def test_monsters_act_every_few_turns():
    """Never within three turns of coming or acting, and on average every 5 to 7."""
    for monster in BEASTS:
        table = meeting(monster, seed=3, level=20, faces=[2] * 2000)
        table.game.monster_dice = table.game.life.dice = AlternatingDice()
        for _ in range(300):
            table.play()
            table.game.hero.hp = table.game.hero.max_hp
        turns = [act.turn for act in of(MonsterActed, table.facts)]
        gaps = [b - a for a, b in pairwise(turns)]
        assert 4 <= min(gaps)
        assert 5 <= sum(gaps) / len(gaps) <= 7


class AlternatingDice(AlwaysDice):
    """Fair in turn: each die shows its faces one after the other."""

    def __init__(self) -> None:
        self.shown: Counter[int] = Counter()

    def roll(self, sides: int) -> int:
        self.shown[sides] += 1
        return (self.shown[sides] * 5 - 1) % sides + 1


def test_a_badly_hurt_hero_falls_back():
    """At a quarter of the HP the monster is left behind with its afflictions, and no new one comes before the hero has healed."""
    table = meeting("gradient_ooze", faces=[])
    table.game.monster_dice.load_state_dict({"faces": [1, 1, 1, 1, 6, 1, 1], "then": None})
    table.play_turns(4)
    assert table.game.encounters.afflicted
    table.game.hero.hp = 3
    table.play()
    assert [MonsterLeft(6, "gradient_ooze", "Brakka fell back, badly hurt")] == of(MonsterLeft, table.facts)
    assert not table.game.encounters.afflicted
    assert [] == of(MonsterAppeared, table.play_turns(20))
    table.game.hero.hp = 4
    assert ["gradient_ooze"] == [fact.monster for fact in of(MonsterAppeared, table.play())]


def test_one_blow_takes_a_quarter_at_most():
    """A dragon's 8 is 3 to a hero of 14 HP."""
    table = meeting("loss_dragon", faces=[3] * 9)
    table.game.monster_dice.load_state_dict({"faces": [6, 1, 8], "then": None})
    table.play_turns(4)
    assert [3] == [act.damage for act in of(MonsterActed, table.facts)]
