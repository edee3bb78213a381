import json

import pytest
from support.loaded_dice import LoadedDice
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import UseAbility, UseItem
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import CommandRefused, DiceRolled, HeroFell, ItemFaded, ItemFound, ItemUsed, MonsterFell
from rolltrain_tui.rules.classes.wizard import recovery_scale
from rolltrain_tui.rules.monsters import loot
from rolltrain_tui.rules.monsters.loot import ITEMS, Bag, chance_of_loot
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS


def holding(*items, **table):
    """A table whose hero carries these."""
    found = make_table(loot=True, **{"rulebook": "off", **table})
    for item in items:
        found.game.bag.items[item] = found.game.bag.items.get(item, 0) + 1
    return found


def reasons(facts):
    return [fact.reason for fact in of(CommandRefused, facts)]


def effects(table, item, turns):
    """The effect of the turn in which it is used, and of those that follow."""
    table.play(UseItem(item))
    first = table.effect
    return [first, *((table.play(), table.effect)[1] for _ in range(turns - 1))]


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_an_item_is_its_levers_and_is_used_up(name):
    """Turn by turn the row's levers, then plain training; told when it is used and, if it lasts, when it fades."""
    row = ITEMS[name]
    table = holding(name)
    found = effects(table, name, len(row.effects) + 1)
    if not row.rulebook:
        assert [*row.effects, NEUTRAL] == found
    assert [ItemUsed(1, name, row.turns, row.words)] == of(ItemUsed, table.facts)
    assert ([ItemFaded(row.turns, name)] if row.turns else []) == of(ItemFaded, table.facts)
    assert {} == table.game.bag.items
    assert [f"There is no {row.title} in the bag."] == reasons(table.play(UseItem(name)))


def test_the_rows():
    """What each item claims, in numbers."""
    assert (StepEffect(update_scale=0.3),) * 10 == ITEMS["potion_of_calm"].effects
    assert tuple(StepEffect(lr_scale=recovery_scale(turn)) for turn in range(20)) == ITEMS["scroll_of_warm_up"].effects
    assert (StepEffect(clip_factor=0.5),) * 20 == ITEMS["amulet_of_clipping"].effects
    assert (StepEffect(heal_alpha=0.5),) == ITEMS["ring_of_the_mean"].effects
    assert (StepEffect(batch_factor=2.0),) * 10 == ITEMS["bag_of_data"].effects
    assert (StepEffect(forget_momentum=True),) == ITEMS["vial_of_forgetting"].effects
    assert ("source", 20) == (ITEMS["cursed_tome"].rulebook, ITEMS["cursed_tome"].turns)


def test_training_is_told_of_levers_that_look_back():
    """With loot the ring's lever is prepared for every class, without it for nobody who has not his own."""
    assert [{"heal_alpha"}, set()] == [make_table("fighter", loot=on).game.prepares() for on in (True, False)]


def test_items_and_abilities_multiply():
    """A potion in a rage: 0.3 x 1.5 of the update."""
    table = holding("potion_of_calm")
    table.play(UseAbility("rage"), UseItem("potion_of_calm"))
    assert 0.45 == pytest.approx(table.effect.k_requested)


def test_the_tome_lends_the_original_rulebook():
    """For twenty turns every micro-batch rolls, and the loss is scaled as source says; then the campaign's own book is open again."""
    table = holding("cursed_tome", rulebook="hero", accumulation=2, faces=[18, 2] * 20)
    found = effects(table, "cursed_tome", 21)
    source = RULEBOOKS["source"]
    for turn in range(1, 21):
        rolls = [roll for roll in of(DiceRolled, table.facts) if roll.turn == turn]
        assert [source.judge(face, 2, 12, 20, 1) for face in (18, 2)] == [(roll.outcome, roll.k) for roll in rolls]
        assert source.effect([roll.k for roll in rolls]) == found[turn - 1]
    assert [("hit", 1 + 2 / 20)] == [(roll.outcome, roll.k) for roll in of(DiceRolled, table.facts) if roll.turn == 21]


def test_one_of_a_kind_at_a_time():
    """A second potion waits until the first has faded; another kind does not."""
    table = holding("potion_of_calm", "potion_of_calm", "bag_of_data")
    assert [] == reasons(table.play(UseItem("potion_of_calm"), UseItem("bag_of_data")))
    assert ["A Potion of Calm is in force already, for 9 turns more."] == reasons(table.play(UseItem("potion_of_calm")))
    assert ({"potion_of_calm": 1}, {"potion_of_calm": 8, "bag_of_data": 8}) == (table.game.bag.items, table.game.bag.in_force)


def test_refusals():
    """No such thing, healing in a rage, down, off in this campaign; what is refused stays in the bag."""
    table = holding("ring_of_the_mean")
    assert ['There is no item "ring_of_mean". Did you mean "ring_of_the_mean"?'] == reasons(table.play(UseItem("ring_of_mean")))
    assert 1 == len(reasons(table.play(UseAbility("rage"), UseItem("ring_of_the_mean"))))
    table.game.hero.hp = 0
    assert ["Brakka is down and can use nothing; the death saves decide."] == reasons(table.play(UseItem("ring_of_the_mean")))
    assert {"ring_of_the_mean": 1} == table.game.bag.items
    assert ["There is no loot in this campaign (adventure.loot)."] == reasons(make_table().play(UseItem("bag_of_data")))


@pytest.mark.parametrize("name", sorted(BESTIARY))
def test_a_fallen_monster_may_leave_something(name):
    """By its challenge: at the chance's last face there is an item, one above there is none."""
    monster = BESTIARY[name]
    chance = chance_of_loot(monster)
    assert 30 + 10 * monster.rating == chance or chance == 80 < 30 + 10 * monster.rating
    assert [] == Bag().search(3, monster, LoadedDice([chance + 1]))
    for face, item in enumerate(ITEMS, 1):
        bag = Bag()
        assert [ItemFound(3, item, f"the {monster.title} left it behind")] == bag.search(3, monster, LoadedDice([chance, face]))
        assert {item: 1} == bag.items


def slain(**rules):
    """The facts and the dice after a Gradient Ooze that met a hero of great strength."""
    table = make_table(
        faces=[], fate=[1, 1], encounter_mode="random", encounter_chance=1.0, bestiary=("gradient_ooze",), stats={"STR": 20}, **rules
    )
    table.play_turns(12)
    assert of(MonsterFell, table.facts)
    return table


def test_a_monster_slain_at_the_table():
    """With loot on its bag comes right after its XP."""
    table = slain(loot=True)
    (fell, *_), (found, *_) = of(MonsterFell, table.facts), of(ItemFound, table.facts)
    assert fell.turn == found.turn
    assert 1 <= sum(table.game.bag.items.values()) == len(of(ItemFound, table.facts))


def test_without_loot_no_die_is_cast(monkeypatch):
    """With adventure.loot off the bag is not looked into, so the monsters' dice fall as they always did."""
    monkeypatch.setattr(loot.Bag, "search", lambda *_: pytest.fail("searched"))
    assert [] == of(ItemFound, slain(loot=False).facts)


def test_a_fall_ends_what_was_in_force():
    """The hero wakes with plain training; what was not used is still in the bag."""
    table = holding("cursed_tome", "bag_of_data", "bag_of_data", fate=[])
    table.play(UseItem("cursed_tome"), UseItem("bag_of_data"))
    table.game.hero.hp = 0
    table.play_turns(3)
    assert of(HeroFell, table.facts)
    assert {"cursed_tome", "bag_of_data"} == {fact.item for fact in of(ItemFaded, table.facts)}
    assert ({}, {"bag_of_data": 1}) == (table.game.bag.in_force, table.game.bag.items)


@pytest.mark.parametrize("turns", [1, 3, 9])
def test_a_bag_is_saved(turns):
    """Through JSON in the middle of what holds: later facts, effects and states are the same."""
    items = ("potion_of_calm", "scroll_of_warm_up", "cursed_tome", "vial_of_forgetting")
    straight, resumed = holding(*items, seed=4, rulebook="hero"), make_table(loot=True, seed=5)
    straight.play(*map(UseItem, items[:3]))
    straight.play_turns(turns - 1)
    resumed.game.load_state_dict(json.loads(json.dumps(straight.game.state_dict())))
    resumed.turn = straight.turn
    for order in (UseItem(items[3]), *[None] * 24):
        orders = () if order is None else (order,)
        assert straight.play(*orders) == resumed.play(*orders)
        assert straight.effect == resumed.effect
    assert straight.game.state_dict() == resumed.game.state_dict()


def test_a_bag_changes_no_die():
    """Using things that are no books leaves every roll as it was."""
    plain, rich = make_table(seed=3), holding(*ITEMS, seed=3, rulebook="hero")
    plain.play_turns(10)
    rich.play(*(UseItem(name) for name in ITEMS if not ITEMS[name].rulebook))
    rich.play_turns(9)
    assert of(DiceRolled, plain.facts) == of(DiceRolled, rich.facts)
