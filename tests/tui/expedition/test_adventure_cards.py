"""What the adventure brought to the screen: foretelling, inspiration, the bag, choices, gates, acts and endings."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.endings import ENDED, story
from support.fakes import FakeExpedition, fake_config
from support.panels import text_of
from support.playing import Game, playing
from support.screens_host import ScreensHost, shown, until
from textual import events
from textual.screen import Screen

from rolltrain_tui.protocol.commands import Predict, RaiseStat, SpendInspiration, UseAbility, UseItem
from rolltrain_tui.protocol.events import (
    ActBegan,
    Evaluated,
    Event,
    ForetellingJudged,
    Foretold,
    GateFaced,
    InspirationSpent,
    ItemFaded,
    ItemFound,
    ItemUsed,
    LevelGained,
    StatRaised,
    StepTaken,
)
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.rules.monsters.loot import ITEMS
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.expedition.card_faces import face_of
from rolltrain_tui.tui.expedition.cards import Card
from rolltrain_tui.tui.expedition.deeds import STATS, Deeds
from rolltrain_tui.tui.expedition.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.screens.dialogs.choice import ChoiceDialog
from rolltrain_tui.tui.screens.dialogs.pick import Pick, PickScreen
from rolltrain_tui.tui.screens.ending import EndingScreen
from rolltrain_tui.tui.screens.kinds.base import HelpScreen
from rolltrain_tui.tui.threads.messages import ToExplain
from rolltrain_tui.tui.widgets.game.hero import hero_lines, hero_title
from rolltrain_tui.tui.widgets.keys import key_lines
from rolltrain_tui.tui.widgets.panel import width_of
from rolltrain_tui.tui.wording.run_story import RunStory

pytestmark = pytest.mark.slow

SIZES = [(60, 18), (80, 24), (120, 36)]
RIGHT = ForetellingJudged(50, "lower", "lower", 3.1, 2.9, True)
WRONG = ForetellingJudged(100, "higher", "lower", 2.9, 2.7, False)
FOUND = ItemFound(20, "potion_of_calm", "the Gradient Ooze left it behind")
GATE = GateFaced(250, 2.21, 2.25, 2.30, True, 100)
SHUT = GateFaced(500, 2.41, 2.25, 2.30, False, -50)
LEVEL_ONLY = LevelGained(1, (), Sheet(level=2))
ACT = ActBegan(1, 2, "The [b]Trigram[/b] Woods", "Here every word leans on the two before it.\x1b[2J")


def sheet(choices: int, **other: Any) -> Sheet:
    scores = (("STR", 16), ("DEX", 12), ("CON", 14), ("INT", 15), ("WIS", 10), ("CHA", 8))
    hero = Sheet(name="Brakka", hero_class="barbarian", level=4, stats=scores, modifier=2, hp=30, max_hp=40, expected_k=0.95)
    return replace(hero, next_level_xp=2700, choices=choices, **other)


def evaluated(turn: int, value: float) -> Evaluated:
    return Evaluated(turn, value, 0.01, value, 2.0, True)


def level(choices: int) -> LevelGained:
    return LevelGained(20, ("a choice: +2 to an ability score",), sheet(choices))


def scene_after(*events: Event, turns: int = 3) -> Scene:
    """The fake expedition's scene with more that happened."""
    scene = Scene()
    for event in FakeExpedition(Path("nowhere"), fake_config()).play(Inbox([])):
        scene.apply(event)
        if isinstance(event, StepTaken) and event.turn == turns:
            break
    for event in events:
        scene.apply(event)
    return scene


def happens(game: Game, *events: Event) -> None:
    """The screen hears of these now."""
    for event in events:
        game.screen._receive(event)


def explained(game: Game, *events: Event, held: bool = False) -> None:
    """It hears of these as the first of their kind."""
    for event in events:
        game.screen._receive(event)
        game.screen._receive(ToExplain(event, held))


# The scene.


def test_a_guess_stands_until_it_is_judged() -> None:
    """A right one earns inspiration, a wrong one takes none away, spending does."""
    scene = Scene.of([Foretold(1, "lower")])
    assert (True, False) == (scene.foretold is not None, scene.inspired)
    scene.apply(RIGHT)
    assert (None, True) == (scene.foretold, scene.inspired)
    scene.apply(WRONG)
    assert scene.inspired
    scene.apply(InspirationSpent(101))
    assert not scene.inspired


def test_the_bag_counts_what_is_found_and_used() -> None:
    """Items of a kind lie together; the last one gone, so is its entry; one that holds is in force for its turns."""
    scene = Scene.of([FOUND, ItemFound(21, "bag_of_data", ""), FOUND, ItemUsed(22, "potion_of_calm", 10, "slower")])
    assert {"potion_of_calm": 1, "bag_of_data": 1} == scene.bag
    assert ["potion_of_calm", "bag_of_data"] == list(scene.bag)
    assert 31 == scene.items["potion_of_calm"].until
    scene.apply(ItemFaded(31, "potion_of_calm"))
    scene.apply(ItemUsed(32, "bag_of_data", 0, "at once"))
    assert ({"potion_of_calm": 1}, {}) == (scene.bag, scene.items)


def test_an_item_leaves_force_with_its_last_turn() -> None:
    """Also where no event says so."""
    scene = scene_after(ItemUsed(2, "potion_of_calm", 3, ""))
    assert "potion_of_calm" in scene.items
    for event in FakeExpedition(Path("nowhere"), fake_config()).play(Inbox([])):
        if isinstance(event, StepTaken) and event.turn >= 4:
            scene.apply(event)
            break
    assert {} == scene.items


def test_a_raised_score_is_on_the_sheet() -> None:
    """Score, what INT adds to the die, E[k], hit points, and the choices that are left."""
    scene = scene_after(level(2), StatRaised(21, "INT", 18, sheet(1, stats=(("INT", 18),), modifier=4, expected_k=1.01, max_hp=31)))
    assert (18, 4, 1.01, 31, 1) == (
        dict(scene.sheet.stats)["INT"],
        scene.sheet.modifier,
        scene.sheet.expected_k,
        scene.sheet.max_hp,
        scene.sheet.choices,
    )


def test_the_sheet_shows_what_waits_and_what_works() -> None:
    """Inspiration as a star, an open choice, an item in force; nothing of it otherwise."""
    words = text_of(hero_lines(scene_after(), 40, 20))
    assert not any(word in words for word in ("★", "score may", "✦"))
    scene = scene_after(level(1), RIGHT, FOUND, ItemUsed(3, "potion_of_calm", 10, ""))
    words = text_of(hero_lines(scene, 40, 20))
    for part in ("g ▲ a score may be raised", "i ★ inspired", "Potion of Calm ✔ 9 more turns"):
        assert " ".join(part.split()) in " ".join(words.split())
    assert hero_title(scene).endswith("★")


# Keys.


async def test_foretelling_asks_and_sends_the_guess(tmp_path: Path) -> None:
    """After two evaluations p shows the losses and the bounds; a number answers; a second guess is refused."""
    async with playing(tmp_path, "evaluation.every=1", paused=True) as game:
        await game.press("p")
        assert "Nothing can be predicted now. Two evaluations come first." == game.screen.notice
        game.screen.tell_player(long := "A long answer. " * 20, "warn")  # more than the line holds: a box shows all of it
        await game.until(lambda: [long] == [notice.message for notice in game.app._notifications])
        await game.play_to(1)
        game.screen.scene.history.add(evaluated(50, 2.0))
        await game.see("Predict")
        await game.press("p")
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        await game.pilot.pause()
        for words in ("Predict the next evaluation", "2.000 after", "Lower <", "Level", "Higher >", "earns inspiration"):
            assert words in game.text
        await game.press("3")
        await game.until(lambda: game.inbox.pending())
        assert [Predict("higher")] == game.inbox.pending()
        happens(game, Foretold(2, "higher", 1.0, 2.0))
        await game.press("p")
        assert "You have predicted already: higher" in game.screen.notice
        assert not game.screen.may_foretell


@pytest.mark.parametrize("key", ["1", "escape"])
async def test_the_run_waits_while_the_future_is_asked(tmp_path: Path, key: str) -> None:
    """No evaluation comes between the question and its answer; afterwards the run goes on as before."""
    async with playing(tmp_path, "evaluation.every=1", "pace.turns_per_second=5", paused=False) as game:
        for turn, value in ((0, 2.1), (1, 2.0)):
            game.screen.scene.history.add(evaluated(turn, value))
        await game.press("p")
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        assert game.inbox.paused
        await game.press(key)
        await game.until(lambda: game.app.screen is game.screen)
        assert not game.inbox.paused


async def test_inspiration_is_spent_by_its_key(tmp_path: Path) -> None:
    """Without any the key says how to earn it; with it a key is shown, and sends the order."""
    async with playing(tmp_path) as game:
        await game.press("i")
        assert "no inspiration yet" in game.screen.notice
        assert [] == game.inbox.pending()
        happens(game, RIGHT)
        assert "★" in game.screen.notice
        await game.see("i Inspire")
        await game.press("i")
        assert [SpendInspiration()] == game.inbox.pending()


async def test_an_item_is_used_from_the_bag(tmp_path: Path) -> None:
    """The bag lists what is in it and what each does; Enter uses the one that is pointed at."""
    async with playing(tmp_path) as game:
        await game.press("b")
        assert "bag is empty" in game.screen.notice
        happens(game, FOUND, FOUND, ItemFound(21, "bag_of_data", "it lay there"))
        await game.see("b Bag 3")
        await game.press("b")
        await game.until(lambda: isinstance(game.app.screen, PickScreen))
        await game.pilot.pause()
        for words in ("Potion of Calm", "× 2", "for 10 turns", "Every update is three tenths", "Best when"):
            assert words in game.text
        await game.press("down")
        await game.until(lambda: "Every batch is twice as large" in game.text)
        await game.press("enter")
        await game.until(lambda: game.inbox.pending())
        assert [UseItem("bag_of_data")] == game.inbox.pending()


async def test_a_choice_comes_after_its_level_and_again_by_key(tmp_path: Path) -> None:
    """The level's card first, then the choice; put away it stays open, u brings it back."""
    async with playing(tmp_path, explain=True) as game:
        await game.press("g")
        assert "No score can be raised now" in game.screen.notice
        explained(game, level(1))
        await game.until(lambda: isinstance(game.app.screen, Card))
        await game.press("enter")
        await game.until(lambda: isinstance(game.app.screen, PickScreen))
        await game.pilot.pause()
        for words in ("STR 16 → 18", "modifier +3 → +4", "CHA 8 → 10", STATS["STR"]):
            assert words in game.text
        await game.press("escape")
        await game.until(lambda: game.app.screen is game.screen)
        assert "g brings it back" in game.screen.notice
        await game.see("g Raise")
        await game.press("g")
        await game.until(lambda: isinstance(game.app.screen, PickScreen))
        await game.press("4")
        await game.until(lambda: game.inbox.pending())
        assert [RaiseStat("INT")] == game.inbox.pending()


async def test_a_card_is_not_told_again_on_the_line_above_the_keys(tmp_path: Path) -> None:
    """It stands there where no card comes; an answer to the player stays in any case."""
    async with playing(tmp_path, explain=True) as game:
        happens(game, level(1))
        assert game.screen.notice.startswith("▲ Level")
        explained(game, level(1))
        await game.until(lambda: isinstance(game.app.screen, Card))
        assert game.screen.notice == ""
        await game.press("enter")
        await game.until(lambda: isinstance(game.app.screen, PickScreen))
        await game.press("escape")
        await game.until(lambda: "g brings it back" in game.screen.notice)
        game.screen._receive(ToExplain(level(1), False))
        await game.until(lambda: isinstance(game.app.screen, Card))
        assert "g brings it back" in game.screen.notice


async def test_a_level_without_a_choice_asks_nothing(tmp_path: Path) -> None:
    """Nor does a later level while an older choice was put away."""
    async with playing(tmp_path, explain=True) as game:
        game.screen.scene.sheet = replace(game.screen.scene.sheet, choices=1)
        explained(game, level(1))
        await game.until(lambda: isinstance(game.app.screen, Card))
        await game.press("enter")
        await game.until(lambda: game.app.screen is game.screen)
        await game.pilot.pause()
        assert game.app.screen is game.screen


async def test_scores_at_their_highest_are_not_offered(tmp_path: Path) -> None:
    """Twenty is the end; nineteen rises to it."""
    async with playing(tmp_path) as game:
        game.screen.scene.sheet = sheet(1, stats=(("STR", 20), ("INT", 19)))
        await game.press("g")
        await game.until(lambda: isinstance(game.app.screen, PickScreen))
        await game.pilot.pause()
        assert "STR" not in game.text.split("Raise an ability score")[1].split("╰")[0]
        assert "INT 19 → 20" in game.text


async def test_help_and_palette_list_the_new_keys(tmp_path: Path) -> None:
    """Every key has its line, and its verb a name."""
    async with playing(tmp_path, size=(120, 60)) as game:
        await game.press("question_mark")
        await game.until(lambda: isinstance(game.app.screen, HelpScreen))
        await game.pilot.pause()
        for words in ("Diagnose: every signal", "Predict the next", "Spend inspiration", "Open the bag", "Raise an ability score"):
            assert words in game.text


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 36)])
async def test_the_keys_that_matter_fit_their_line(tmp_path: Path, size: tuple[int, int]) -> None:
    """With inspiration and a choice waiting, their keys are shown, and no row is wider than the screen."""
    async with playing(tmp_path, size=size) as game:
        happens(game, RIGHT, FOUND)
        game.screen.scene.sheet = replace(game.screen.scene.sheet, choices=1)
        keys = game.screen._key_list()
        rows = key_lines(keys, size[0], 2)
        words = text_of(list(rows))
        assert all(width_of(row) <= size[0] for row in rows)
        assert all(word in words for word in ("Raise", "Inspire", "Pause" if not game.inbox.paused else "Resume", "? more"))


async def test_who_may_take_part_sees_the_way_out_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On 80 columns, whatever else has no room."""
    monkeypatch.setattr(Deeds, "may_join", True)
    async with playing(tmp_path, size=(80, 24)) as game:
        await game.see("t Take part", "q Leave", "? more")


async def test_every_new_key_does_what_the_screen_offers(tmp_path: Path) -> None:
    """The line of keys names only actions that exist."""
    async with playing(tmp_path) as game:
        happens(game, RIGHT, FOUND)
        game.screen.scene.sheet = replace(game.screen.scene.sheet, choices=1)
        for key in game.screen._key_list():
            assert hasattr(Deeds, name := f"action_{key.action.removeprefix('screen.').split('(')[0]}") or hasattr(game.screen, name)


# Cards.


def test_a_gate_says_how_it_went() -> None:
    """Opened or shut, in words, with the run, plain training, the bar and the experience."""
    face = face_of([GATE])
    assert ("✔ It opens", "gate") == (face.headline, face.tone)
    assert ["2.210", "2.250", "2.300", "+100"] == [value.split()[0].rstrip(",") for _, value in face.rows]
    shut = face_of([SHUT])
    assert ("✖ It stays shut", "−50 XP") == (shut.headline, dict(shut.rows)["Experience"])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("event", [GATE, SHUT, ACT], ids=["open", "shut", "act"])
async def test_gate_and_act_have_their_card(size: tuple[int, int], event: Event) -> None:
    """On every terminal the whole card is there; texts are literal and clean."""
    app = ScreensHost(lambda: Card(event))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = shown(app)
        words = ("Act II", "The [b]Trigram[/b] Woods", "leans on the two") if event is ACT else ("Validation Gate", "nats", "XP")
        assert all(word in screen for word in (*words, "Enter: continue"))


async def test_the_run_stands_still_under_a_card_and_goes_on_after_it(tmp_path: Path) -> None:
    """Each card is of the turn behind it, Enter goes on, and the second monster, level and camp are lines."""
    titles: list[str] = []
    async with playing(tmp_path, "turns=1000000", explain=True, paused=False) as game:
        while game.screen.scene.turn < 600:
            await game.until(lambda: isinstance(game.app.screen, Card) or game.screen.scene.turn >= 600)
            if isinstance(card := game.app.screen, Card):
                assert game.inbox.paused
                assert f"turn {game.screen.scene.turn}" == card.face.subtitle
                titles.append(card.face.title)
                await game.press("enter")
    assert ["Camp", "Level up", "Loss Dragon appears"] == sorted(titles)


@pytest.mark.parametrize(("key", "asked"), [("1", [UseAbility("rage")]), ("d", [])])
async def test_a_key_on_a_card_acts_before_the_run_goes_on(
    tmp_path: Path, key: str, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However slow the machine is with keys: the order is there before the next turn, and no turn passes behind another screen."""
    async with playing(tmp_path, explain=True) as game:
        went_on: list[tuple[type[Screen[Any]], list[object]]] = []
        monkeypatch.setattr(game.inbox, "resume", lambda: went_on.append((type(game.app.screen), game.inbox.pending())))
        take_in = game.app.on_event

        async def slowly(event: events.Event) -> None:
            await asyncio.sleep(0.3 * isinstance(event, events.Key))
            await take_in(event)

        monkeypatch.setattr(game.app, "on_event", slowly)
        explained(game, GATE, held=True)
        await game.until(lambda: isinstance(game.app.screen, Card))
        await game.press(key)
        if key == "d":
            await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen))
            assert went_on == []
            await game.press("escape")
        await game.until(lambda: went_on)
        assert went_on == [(ExpeditionScreen, asked)]


async def test_space_on_a_card_pauses(tmp_path: Path) -> None:
    """The card goes, the run stays where it is, and the screen says how to go on."""
    async with playing(tmp_path, explain=True, paused=False) as game:
        await game.until(lambda: isinstance(game.app.screen, Card))
        turn = game.screen.scene.turn
        await game.press("space")
        await game.until(lambda: game.app.screen is game.screen)
        await game.see("‖ paused", "Space resumes")
        assert (True, turn) == (game.inbox.paused, game.screen.scene.turn)


async def test_a_run_that_was_paused_stays_so_after_a_card(tmp_path: Path) -> None:
    """Who plays turn by turn goes on turn by turn."""
    async with playing(tmp_path, explain=True) as game:
        for _ in range(30):
            game.inbox.step_once()
        await game.until(lambda: isinstance(game.app.screen, Card))
        await game.press("enter")
        await game.until(lambda: game.app.screen is game.screen)
        assert game.inbox.paused


async def test_a_card_behind_another_screen_comes_when_that_is_closed(tmp_path: Path) -> None:
    """And the run waits for it."""
    async with playing(tmp_path, "pace.turns_per_second=50", explain=True) as game:
        await game.press("d")
        game.inbox.resume()
        await game.until(lambda: game.screen.scene.turn >= 30)
        await game.until(lambda: isinstance(game.app.screen, DiagnosisScreen) and game.inbox.paused)
        await game.press("escape")
        await game.until(lambda: isinstance(game.app.screen, Card))
        assert game.inbox.paused


async def test_without_explanations_nothing_waits(tmp_path: Path) -> None:
    """Monsters and levels are lines then."""
    async with playing(tmp_path, "turns=1000000", paused=False) as game:
        await game.until(lambda: game.screen.scene.turn > 200)
        assert game.app.screen is game.screen


LESSONS = "acts=[{from_turn: 0, title: One, text: a, press: null}, {from_turn: 3, title: Two, text: b, press: '1'}]"


@pytest.mark.parametrize(("key", "used"), [("1", True), ("escape", False)])
async def test_a_lesson_in_the_campaign_waits_for_its_key(tmp_path: Path, key: str, used: bool) -> None:
    """The run stands still until the key is pressed, which acts at once; Escape skips the lessons."""
    script = [ActBegan(3, 2, "Two", "b")]
    async with playing(tmp_path, LESSONS, "pace.turns_per_second=1", explain=True) as game:
        explained(game, *script, held=True)
        await game.until(lambda: isinstance(game.app.screen, Card))
        await game.press("enter")
        assert isinstance(game.app.screen, Card)
        await game.press(key)
        await game.until(lambda: game.app.screen is game.screen)
        await game.until(lambda: not game.inbox.paused)
        assert used == (UseAbility("rage") in game.expedition.drained + game.inbox.pending())
        explained(game, *script)
        assert isinstance(game.app.screen, Card) == used


async def test_cards_wait_for_one_another(tmp_path: Path) -> None:
    """Two in one moment come one after the other."""
    async with playing(tmp_path, explain=True) as game:
        explained(game, LEVEL_ONLY, ACT)
        await game.until(lambda: "Level up" in game.text)
        await game.press("enter")
        await game.until(lambda: "Act II" in game.text)
        await game.press("enter")
        await game.until(lambda: game.app.screen is game.screen)


# A list to take from.


@pytest.mark.parametrize("size", SIZES)
async def test_a_full_bag_fits_every_terminal(size: tuple[int, int]) -> None:
    """Every kind of item at once; the one that is pointed at is in sight and told."""
    picks = [Pick(row.name, row.title, "× 1", f"{row.words}. Best when {row.best_when}.") for row in ITEMS.values()]
    app = ScreensHost(lambda: PickScreen("The bag", "", picks, "uses it"))
    async with app.run_test(size=size) as pilot:
        for pick in picks:
            await until(pilot, lambda pick=pick: f"▸ {picks.index(pick) + 1} {pick.label}" in shown(app))  # type: ignore[misc]
            assert " ".join(pick.text.split()[:4]) in shown(app)
            assert "Esc: cancel" in shown(app)
            await pilot.press("down")


async def test_escape_takes_nothing() -> None:
    """And a number beyond the list does nothing."""
    app = ScreensHost(lambda: PickScreen("[/] title", "text [/]", [Pick("a", "[b]A", "", "[/]")], "takes it"))
    async with app.run_test() as pilot:
        await until(pilot, lambda: "[/] title" in shown(app) and "[b]A" in shown(app))
        await pilot.press("7")
        assert [] == app.answers
        await pilot.press("escape")
        await until(pilot, lambda: app.answers)
        assert [None] == app.answers


# The ending.


@pytest.mark.parametrize("size", SIZES)
async def test_the_ending_tells_its_title_and_text(size: tuple[int, int]) -> None:
    """What the campaign wrote for this result, literally; nothing where it wrote none."""
    ended = replace(ENDED, title="The guest book is [full]", text="Every folk has signed.")
    await _ending(story(ended), size, lambda text: "The guest book is [full]" in text and "Every folk has signed." in text)
    await _ending(story(), size, lambda text: "[full]" not in text and "VICTORY" in text)


async def test_spent_energy_is_an_ending_of_its_own() -> None:
    """The second line says so; the first is the judgement at that turn."""
    await _ending(story(replace(ENDED, ending="spent")), (80, 24), lambda text: "VICTORY" in text and "energy" in text)


async def _ending(tale: RunStory, size: tuple[int, int], wish: Callable[[str], bool]) -> None:
    app = ScreensHost(lambda: EndingScreen(tale))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: wish(shown(app)))
