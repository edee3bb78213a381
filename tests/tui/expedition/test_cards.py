"""Cards for a level, an encounter and a camp."""

import re

import pytest
from support.screens_host import ScreensHost, shown, until
from textual.screen import Screen

from rolltrain_tui.protocol.events import ActBegan, Evaluated, Event, HeroHurt, LevelGained, MonsterAppeared, Rested, StepTaken
from rolltrain_tui.protocol.sheet import Charge, Sheet
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.firsts import Firsts
from rolltrain_tui.story.scene.views import AbilityView
from rolltrain_tui.tui.drawing.big import big
from rolltrain_tui.tui.expedition.card_faces import face_of
from rolltrain_tui.tui.expedition.cards import Card
from rolltrain_tui.tui.option_keys import weakness

pytestmark = pytest.mark.slow

CHARGES = (Charge("rage", 2, 3, "long", True), Charge("reckless_attack", None, None, "", False))
HERO = Sheet(level=12, proficiency=4, hp=28, max_hp=96, next_level_xp=2700, expected_k=0.953, charges=CHARGES)
LEVEL = LevelGained(412, ("Rage: a [b]third[/b] charge", "Two\nlines \x1b]0;x"), HERO)
DRAGON = MonsterAppeared(380, "loss_dragon", "5", 100, 15, "The loss is [/] rising.")
CAMP = Rested(500, "long", Sheet(hp=36, charges=CHARGES))
ACT = ActBegan(61, 2, "The rage", "Press it.")
PROBE = Evaluated(500, 2.2101, 0.012, 2.2101, 2.18, True)
SIZES = [(80, 24), (120, 36), (60, 18)]


def card(*events: Event, press: str | None = None) -> ScreensHost:
    return ScreensHost(lambda: Card(events, press=press))


@pytest.mark.parametrize("size", SIZES)
async def test_level(size: tuple[int, int]) -> None:
    """A level is drawn big, with what is new, literally, and the new numbers."""
    app = card(LEVEL)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = shown(app)
        for text in (
            *big("12"),
            "Level 12",
            "Rage: a [b]third[/b] charge",
            "Two lines ␛]0;x",
            "28/96",
            "+4",
            "0.95",
            "2700 XP",
            "turn 412",
            "Enter: continue",
        ):
            assert text in screen


@pytest.fixture(scope="module")
def kept_encounters() -> dict[tuple[int, int], dict[str, str]]:
    return {}


@pytest.fixture
async def encounters(size: tuple[int, int], kept_encounters: dict[tuple[int, int], dict[str, str]]) -> dict[str, str]:
    """By monster, the screen with its card. One app of each size shows all of them."""
    if size not in kept_encounters:
        found = kept_encounters[size] = {}
        cards = {
            name: Card([MonsterAppeared(380, name, row.challenge, row.hp, row.armour_class, "The loss is [/] rising.")])
            for name, row in BESTIARY.items()
        }
        app = ScreensHost(Screen)
        async with app.run_test(size=size) as pilot:
            for name, screen in cards.items():
                await app.push_screen(screen)
                await pilot.pause()
                found[name] = shown(app)
                await app.pop_screen()
    return kept_encounters[size]


@pytest.mark.parametrize("monster", BESTIARY)
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_encounter(size: tuple[int, int], monster: str, encounters: dict[str, str]) -> None:
    """Every monster of the bestiary is on its card with portrait, numbers, reason, what helps, and the way on."""
    row, screen = BESTIARY[monster], encounters[monster]
    numbers = f"CR {row.challenge}   HP {row.hp}   AC {row.armour_class}"
    portrait = [line.strip() for line in row.portrait]
    for text in (
        f"{row.title} appears",
        *portrait,
        numbers,
        "The loss is [/] rising.",
        row.weak_to[:20],
        row.save_stat,
        "Enter: continue",
    ):
        assert text in screen


@pytest.mark.parametrize("height", [12, 18, 22, 24, 30, 36])
@pytest.mark.parametrize("width", [60, 120])
async def test_the_way_on_is_never_cut_off(width: int, height: int) -> None:
    """Whatever the card and the size: long ones scroll above it. Least room has a style at its least height."""
    long = MonsterAppeared(380, "loss_dragon", "5", 100, 15, "The loss is rising. " * 20)
    level = LevelGained(412, tuple(f"A new thing, number {n}" for n in range(12)), HERO)
    app = ScreensHost(Screen)
    async with app.run_test(size=(width, height)) as pilot:
        for event in (long, level, CAMP, ACT):
            await app.push_screen(Card([event]))
            await pilot.pause()
            assert "Enter: continue" in shown(app), type(event).__name__
            await app.pop_screen()


def test_a_monsters_card_names_the_keys_of_this_hero() -> None:
    """What helps is the hero's own first, by key; without a hero it is all that helps anyone."""
    hero = Scene(sheet=Sheet(charges=CHARGES[::-1]))
    appeared = MonsterAppeared(380, "gradient_ooze", "5", 100, 15, "The updates are small.")
    assert "press 2 Rage, 1 Reckless Attack: it is weak to bigger updates" == dict(face_of([appeared], hero).rows)["What helps"]
    assert BESTIARY["gradient_ooze"].weak_to == dict(face_of([appeared]).rows)["What helps"]
    assert "bigger updates" == dict(face_of([appeared], Scene()).rows)["What helps"]


def test_what_is_in_force_or_spent_is_not_to_be_pressed() -> None:
    """A weakness names keys that would be obeyed. What works against the monster already is told as that."""
    hero = Scene(
        sheet=Sheet(level=5, charges=(Charge("arcane_recovery", 0, 3, "long", False), Charge("spell_mastery", None, None, "", False)))
    )
    assert weakness("smaller steps: Calm, Steady", hero) == "press 2 c Calm, 2 s Steady: it is weak to smaller steps"
    assert weakness("bigger updates: Arcane Recovery", hero) == "weak to bigger updates"
    assert weakness("bigger updates: Rage, Arcane Recovery", hero, keys=False) == "weak to bigger updates: Arcane Recovery"
    assert weakness("smaller steps: Calm, Rage", hero, keys=False) == "weak to smaller steps: Calm"
    hero.active["spell_mastery"] = AbilityView("spell_mastery", "calm", None)
    assert weakness("smaller steps: Calm, Steady", hero) == "Calm in force: it is weak to smaller steps"


def test_a_monster_unknown_here() -> None:
    """A monster from a newer chronicle still gets its card."""
    face = face_of([MonsterAppeared(1, "nan_void\x1b", "8", 1, 1, "why")])
    assert ("Nan Void␛ appears", "CR 8   HP 1   AC 1") == (face.title, face.headline)


@pytest.mark.parametrize("size", SIZES)
async def test_a_hero_at_0_hp(size: tuple[int, int]) -> None:
    """What it costs, how it ends, and that no key helps."""
    app = card(HeroHurt(20, 4, 0, "Weight Drain"))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        words = " ".join(shown(app).replace("┃", " ").split())
        for text in (
            "The hero is down",
            "turn 20",
            "every update halved",
            "no ability acts: wait",
            "up again with 1 HP",
            "the last camp",
            "Enter: continue",
        ):
            assert text in words


def test_only_the_blow_that_brings_the_hero_down_is_explained() -> None:
    """And the first of its kind only."""
    firsts = Firsts()
    assert [firsts.meet(HeroHurt(turn, 4, hp, "a fumble")) for turn, hp in enumerate((4, 0, 3, 0))] == [False, True, False, False]


@pytest.mark.parametrize("size", SIZES)
async def test_camp(size: tuple[int, int]) -> None:
    """A camp shows the validation with its error and verdict, hit points and charges; abilities without a pool are left out."""
    app = card(CAMP, PROBE)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = shown(app)
        for text in ("Long rest", "2.210 ± 0.012", "▼ a new best", "36", "Rage", "2/3"):
            assert text in screen
        assert "Reckless" not in screen


@pytest.mark.parametrize("size", SIZES)
async def test_on_a_camps_card_no_name_touches_its_number(size: tuple[int, int]) -> None:
    """Whatever the hero's ability is called, a blank stands between its name and its charges."""
    pools = [row for row in ABILITIES.values() if row.recharge]
    async with (app := card(CAMP)).run_test(size=size) as pilot:
        for two in (pools[n : n + 2] for n in range(0, len(pools), 2)):
            charges = tuple(Charge(row.name, 2, 3, "long", False) for row in two)
            app.push_screen(Card(Rested(500, "long", Sheet(hp=36, charges=charges))))
            await until(pilot, lambda two=two: all(re.search(rf"{re.escape(row.title)} +2/3", shown(app)) for row in two))


def test_a_worse_validation_points_up() -> None:
    """A loss above the best is marked with ▲ and the best is named."""
    rows = dict(face_of([CAMP, Evaluated(500, 2.4, 0.01, 2.2, 2.1, False)]).rows)
    assert "2.400 ± 0.010   ▲ above the best, 2.200" == rows["Validation loss"]


def test_a_camp_promises_no_save() -> None:
    """What a fall goes back to is in memory. Whether the save that follows succeeds is not known yet, and told elsewhere."""
    words = " ".join(value for _, value in face_of([CAMP]).rows)
    assert "Whoever falls and may go on wakes at this fire" in words
    assert not re.search("kept|saved?|disk", words)


def test_a_short_rest_is_no_camp() -> None:
    """A short rest has no fire and does not promise kept weights."""
    face = face_of([Rested(60, "short", Sheet(hp=20, charges=CHARGES))])
    assert ("Short rest", ()) == (face.title, face.art)
    assert not any("weights" in value for _, value in face.rows)


def test_no_card_for_a_step() -> None:
    """What has no card is a mistake of the caller."""
    with pytest.raises(AssertionError, match="StepTaken"):
        face_of([StepTaken(1, 2.0, 2.0, 1.0, 1e-3, 1.0, 1.0, 0.1, 0.1, 768, 1.0, True, ())])


@pytest.mark.parametrize(("key", "answer"), [("enter", "go on"), ("space", "pause"), ("escape", "go on")])
async def test_a_key_puts_it_away(key: str, answer: str) -> None:
    """Enter and Escape go on, Space pauses; the card says so."""
    app = card(LEVEL)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "Enter: continue · space: stay paused" in shown(app)
        assert [] == app.answers
        await pilot.press(key)
        assert [answer] == app.answers


@pytest.mark.parametrize(("press", "key"), [("1", "1"), (".", "full_stop"), ("+", "plus"), ("d", "d")])
async def test_a_lesson_waits_for_its_key(press: str, key: str) -> None:
    """Others do nothing but make it say what it waits for; the key itself goes on and reaches the screen below."""
    app = card(ACT, press=press)
    async with app.run_test() as pilot:
        await until(pilot, lambda: f"Press  {press} " in shown(app))
        await pilot.press("enter", "space", "x")
        await until(pilot, lambda: f"This card waits for  {press} " in shown(app))
        assert [] == app.answers
        await pilot.press(key)
        assert [key] == app.answers


async def test_a_lesson_in_pausing_pauses() -> None:
    """Space is its own key there."""
    app = card(ACT, press="space")
    async with app.run_test() as pilot:
        await pilot.press("enter", "space")
        assert ["pause"] == app.answers


async def test_lessons_can_be_skipped() -> None:
    """By Escape."""
    app = card(ACT, press="1")
    async with app.run_test() as pilot:
        await pilot.press("escape")
        assert ["skip the lessons"] == app.answers


async def test_put_away_while_it_opens() -> None:
    """A key that comes while a card is still being put on the screen takes it away without harm."""
    app = ScreensHost(lambda: Card(LEVEL))
    async with app.run_test() as pilot:
        for _ in range(20):
            card = Card(LEVEL)
            app.push_screen(card)
            card.action_go_on()
            await until(pilot, lambda card=card: card not in app.screen_stack)


async def test_another_key_is_not_lost() -> None:
    """A key that means something below the card puts the card away and is its answer."""
    app = card(LEVEL)
    async with app.run_test() as pilot:
        await pilot.press("1")
        assert ["1"] == app.answers


async def test_a_click_puts_it_away() -> None:
    """So does the mouse."""
    app = card(LEVEL)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.click("#card")
        assert ["go on"] == app.answers
