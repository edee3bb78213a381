"""The expedition screen, played by keys."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.paths import CAMPAIGNS
from support.patience import PATIENCE
from support.playing import SIZE, Game, playing, under_way
from support.screens_host import shown, until
from textual.widgets._toast import Toast

from rolltrain_tui.protocol.commands import SaveGame, SetAuto, Speak, TakeShortRest, UseAbility
from rolltrain_tui.protocol.events import ActBegan, LevelGained, SaveFailed, ScoutsReturned
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.cards import Card
from rolltrain_tui.tui.expedition.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.dialogs.choice import ChoiceDialog
from rolltrain_tui.tui.screens.ending import EndingScreen
from rolltrain_tui.tui.screens.kinds.base import HelpScreen
from rolltrain_tui.tui.screens.title import TitleScreen
from rolltrain_tui.tui.widgets import notice
from rolltrain_tui.tui.widgets.notice import NoticeLine

pytestmark = pytest.mark.slow

KEYS = [
    ("1", UseAbility("rage")),
    ("2", UseAbility("reckless_attack")),
    ("r", TakeShortRest()),
    ("v", Speak()),
    ("s", SaveGame()),
]


@pytest.mark.parametrize(("key", "command"), KEYS)
async def test_a_key_becomes_its_command(tmp_path: Path, key: str, command: object) -> None:
    """The command waits in the inbox for the next turn, is acknowledged at once, and taken with that turn.

    Only the answer is drawn before: the turn that the player waits for has the machine to itself.
    """
    async with playing(tmp_path) as game:
        await game.until(lambda: not game.screen._wanted)
        game.screen._ticks = -1_000_000  # no picture for its age
        drawn = game.screen._drawn_at
        await game.press(key)
        assert [command] == game.inbox.pending()
        await game.until(lambda: "⟳" in game.text)
        assert (drawn, "⟳" in game.screen.notice) == (game.screen._drawn_at, True)
        await game.play_to(1)
        assert [command] == game.expedition.drained


async def test_an_answer_names_the_turn(tmp_path: Path) -> None:
    """After the key's own echo, the run says from which turn on the ability is in force; a refusal says why."""
    async with playing(tmp_path) as game:
        await game.press("1")
        await game.play_to(1)
        await game.until(lambda: "in force from turn 1" in game.screen.notice)
        await game.press("r")
        await game.play_to(2)
        await game.until(lambda: "once in 100 turns" in game.screen.notice)


async def test_a_number_without_an_ability_does_nothing(tmp_path: Path) -> None:
    """Nine keys, two abilities."""
    async with playing(tmp_path) as game:
        await game.press("7")
        assert [] == game.inbox.pending()


async def test_a_held_ability_is_dismissed_by_its_key(tmp_path: Path) -> None:
    """Pressing again what is held until ended ends it."""
    async with playing(tmp_path) as game:
        await game.press("2")
        await game.play_to(1)
        await game.press("2")
        assert [UseAbility("reckless_attack", "dismiss")] == game.inbox.pending()


async def test_spell_mastery_asks_for_the_cantrip(tmp_path: Path) -> None:
    """A small question with the options open at this level; its letter answers it."""
    async with playing(tmp_path, hero_class="wizard") as game:
        await game.press("2")
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        await game.pilot.pause()
        assert "Steady ×0.75" in game.text
        assert "Quicken from level 5" in game.text
        await game.press("s")
        await game.until(lambda: game.inbox.pending())
        assert [UseAbility("spell_mastery", "steady")] == game.inbox.pending()


async def test_auto_is_switched_by_a_question(tmp_path: Path) -> None:
    """`a` asks which ability may act by itself; the number answers."""
    async with playing(tmp_path) as game:
        await game.press("a")
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        await game.press("1")
        await game.until(lambda: game.inbox.pending())
        assert [SetAuto("rage", True)] == game.inbox.pending()


async def test_tempo_keys_set_the_inbox(tmp_path: Path) -> None:
    """Space pauses and goes on, + and - walk the speeds, the dot plays one turn."""
    async with playing(tmp_path, "pace.turns_per_second=20") as game:
        await game.press("space")
        assert not game.inbox.paused
        await game.press("space")
        assert game.inbox.paused
        await game.press("plus")
        assert 50 == game.inbox.turns_per_second
        assert game.screen.notice == "‖ Speed: 50/s. Space resumes."
        await game.press("plus")
        assert game.inbox.turns_per_second is None
        await game.press("minus", "minus", "minus")
        assert 10 == game.inbox.turns_per_second
        turn = await game.stand_still()
        await game.press(".", ".", ".")
        assert turn + 3 == await game.stand_still()
        assert game.inbox.paused


async def test_the_campaigns_tempo_is_taken_over(tmp_path: Path) -> None:
    """The run starts at the speed its campaign names."""
    async with playing(tmp_path, "pace.turns_per_second=10") as game:
        assert 10 == game.inbox.turns_per_second


async def test_an_encounter_pauses_and_says_why(tmp_path: Path) -> None:
    """With pause_on the run stands still after the turn, a card shows the monster, and space goes on."""
    async with playing(tmp_path, "pace.pause_on=[encounter]", paused=False) as game:
        await game.until(lambda: isinstance(game.app.screen, Card))
        assert 30 == game.screen.scene.turn
        assert game.inbox.paused
        assert "a monster has come" in game.screen.notice
        await game.until(lambda: "‖ paused: a monster has come" in game.text)
        await game.press("enter")
        await game.until(lambda: game.app.screen is game.screen)
        await game.see("Loss Dragon", "paused")
        await game.press("space")
        await game.until(lambda: game.screen.scene.turn > 30)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_hint_takes_the_place_of_a_pause_but_not_of_an_answer(tmp_path: Path, size: tuple[int, int]) -> None:
    """The status line says that the game waits; the line above the keys says what helps, until an order was given."""
    async with playing(tmp_path, size=size) as game:
        await game.play_to(1)
        game.screen.tell_player("Paused after this turn", "warn", stays="unless hinted")
        await game.see("Paused after this turn")
        game.screen.scene.apply(ScoutsReturned(120, "slow", 9.0, 8.0, 10.0, (), 1.0))
        await game.see("2  Reckless Attack: the steps are too small", "paused")
        assert "Paused after this turn" not in game.text
        await game.press("2")
        await game.see("⟳ Reckless Attack: takes effect next turn")


async def test_an_answer_makes_room_for_a_hint_sooner(tmp_path: Path) -> None:
    """At full speed a hint is of use for a few seconds: an answer must not hide it for as long as it may stay elsewhere."""
    async with playing(tmp_path) as game:
        await game.play_to(1)
        line = game.screen.query_one(NoticeLine)
        soon, later = (100.0 + notice.BEFORE_A_HINT + seconds for seconds in (-0.5, 0.5))
        line.say("Full speed.", "good", 100.0)
        line.tick(later)
        assert line.text == "Full speed."
        game.screen.scene.apply(ScoutsReturned(120, "slow", 9.0, 8.0, 10.0, (), 1.0))
        game.screen.draw()
        line.tick(soon)
        assert line.text == "Full speed."
        line.tick(later)
        assert line.text == ""
        await game.see("2  Reckless Attack: the steps are too small")


ESSENTIALS = ("turn", "/2000", "Brakka", "Barbarian 1", "12/14", "/1000", "Rage", "Resume", "more", "DC 12", "felt", "floor 1.31", "◆ val")


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 36), (200, 60)])
async def test_every_size_shows_the_essentials(tmp_path: Path, size: tuple[int, int]) -> None:
    """Progress, hero, die, loss and keys are there from the smallest terminal to the largest."""
    async with playing(tmp_path, size=size) as game:
        await game.play_to(3)
        await game.see(*(word for word in ESSENTIALS if size != (60, 18) or word not in ("◆ val",)))


@pytest.mark.parametrize("size", [(50, 10), (1, 1), (200, 5)])
async def test_a_terminal_that_is_too_small_is_told_so(tmp_path: Path, size: tuple[int, int]) -> None:
    """The game says what it needs, and whether the run goes on meanwhile."""
    async with playing(tmp_path, "pace.turns_per_second=1", size=size) as game:
        await game.play_to(2)
        assert size[1] < 10 or "60 columns and 18 rows" in game.text
        if size[1] == 10:
            await game.see("The run is paused; space resumes it.")
            await game.press("space")
            await game.see("The run goes on.")


async def test_small_screens_turn_their_panels_by_tab(tmp_path: Path) -> None:
    """Tab and shift+tab go through hero, foe, proof and voice, around and back."""
    async with playing(tmp_path, size=(80, 24)) as game:
        await game.press("tab")
        await game.see("STR 16 +3")
        await game.press("tab", "tab", "tab")
        await game.see("asks it to speak")
        await game.press("shift+tab")
        await game.see("Nothing to prove yet")
        await game.press("tab", "tab")
        await game.see("The Tiny GPT begins")


async def test_a_storm_of_resizes_leaves_the_screen_sane(tmp_path: Path) -> None:
    """After a storm of sizes the last one is drawn whole, and the keys still work."""
    async with playing(tmp_path) as game:
        await game.play_to(2)
        for step in range(20):
            await game.pilot.resize_terminal(1 + (step * 37) % 220, 1 + (step * 23) % 70)
        await game.pilot.resize_terminal(*SIZE)
        await game.until(lambda: not game.app.resizes.waiting)
        await game.until(lambda: SIZE == (len(game.text.splitlines()[0]), len(game.text.splitlines())))
        await game.see("Brakka", "d20", "Loss (nats per token)", "Log", "? more")
        await game.press("1")
        assert [UseAbility("rage")] == game.inbox.pending()


@pytest.mark.parametrize(
    ("what", "least", "most"), [("nothing", 5, 5), ("slow", 20, 20), ("rested", 20, 20), ("dear", 0, 0), ("card", 2, 2), ("dragged", 0, 0)]
)
async def test_at_speed_the_picture_keeps_to_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, least: int, most: int
) -> None:
    """Of twenty ticks with news every fourth is drawn; none while drawing is over its share; behind a card few; slowly played, all."""
    async with playing(tmp_path) as game:
        await game.play_to(1)
        screen, draws = game.screen, list[None]()
        monkeypatch.setattr(screen, "_slow_enough_to_read", lambda: what == "slow")
        monkeypatch.setattr(screen, "_rested", lambda: what == "rested")
        monkeypatch.setattr(screen, "show_news", lambda: draws.append(None))
        monkeypatch.setattr(type(screen.bridge.buffer), "__len__", lambda buffer: 1)
        used = {"dear": 1.0, "dragged": 0.05}.get(what, 0.0)
        monkeypatch.setattr(screen._share, "wait", lambda of_time: used - of_time)
        if what == "card":
            await game.app.push_screen(Card(LevelGained(3, (), Sheet(level=2))))
        elif what == "dragged":
            monkeypatch.setattr(type(game.app.resizes), "waiting", True)
        screen._ticks = 0
        draws.clear()
        screen._wanted = False
        for _ in range(20):
            screen.tick()
        assert least <= len(draws) <= most


HOSTILE = "[red]x[/blue] [/] [@click=app.quit]y[/] \x1b[2J \u202e"


async def test_model_text_is_shown_letter_by_letter(tmp_path: Path) -> None:
    """Markup in a sample is text; control characters become pictures."""
    async with playing(tmp_path, said=HOSTILE) as game:
        await game.press("v")
        await game.play_to(1)
        await game.see("[red]x[/blue] [/] [@click=app.quit]y[/] ␛[2J")
        assert "\x1b" not in game.text


async def test_a_small_screen_turns_to_what_the_model_was_asked_to_say(tmp_path: Path) -> None:
    async with playing(tmp_path, said="the old ranger", size=(80, 24)) as game:
        await game.press("v")
        await game.play_to(1)
        await game.see("the old ranger")
        assert "voice" == game.screen.chosen_tab


async def test_hostile_names_are_shown_literally(tmp_path: Path) -> None:
    """A campaign or a hero may be called anything."""
    async with playing(tmp_path, "name='[/] [red]Quest'", "hero.name='[b]Bob[/i]'") as game:
        await game.see("[/] [red]Quest", "[b]Bob[/i]")


async def test_help_lists_abilities_and_keys(tmp_path: Path) -> None:
    """`?` shows a line for every ability and key."""
    async with playing(tmp_path) as game:
        await game.press("question_mark")
        await game.until(lambda: isinstance(game.app.screen, HelpScreen))
        await game.pilot.pause()
        assert "Rage" in game.text
        assert "Pause, or resume" in game.text


async def test_the_palette_says_which_ability_acts_by_itself_and_changes_it(tmp_path: Path) -> None:
    """In words for either way."""
    async with playing(tmp_path) as game:
        charges = game.screen.scene.sheet.charges
        for auto, words in ((False, "Rage automatic: it acts by itself too"), (True, "Rage by its key alone, not by itself")):
            game.screen.scene.sheet = replace(game.screen.scene.sheet, charges=tuple(replace(charge, auto=auto) for charge in charges))
            await game.press("ctrl+p")
            await game.press(*"rage")
            await game.until(lambda words=words: words in game.text)  # type: ignore[misc]
            await game.press("escape")
            await game.until(lambda: game.app.screen is game.screen)


async def test_the_palette_knows_the_verbs(tmp_path: Path) -> None:
    """ctrl+p finds an ability by name and uses it."""
    async with playing(tmp_path) as game:
        await game.press("ctrl+p")
        await game.press(*"use rage")
        await game.until(lambda: "Use Rage" in game.text)
        await game.press("enter", "enter")
        await game.until(lambda: game.inbox.pending())
        assert [UseAbility("rage")] == game.inbox.pending()


async def test_the_log_switches_between_turns_and_story(tmp_path: Path) -> None:
    """`l` hides the single turns and brings them back."""
    async with playing(tmp_path) as game:
        await game.play_to(4)
        await game.see("     2 ")
        await game.press("l")
        await game.until(lambda: "Log · story" in game.text and "     2 " not in game.text)


async def test_the_log_is_read_back_by_pages(tmp_path: Path) -> None:
    """Page up stays where it is; End follows again."""
    async with playing(tmp_path) as game:
        await game.play_to(25)
        await game.press("pageup")
        await game.see("scrolled back")
        await game.press("end")
        await game.until(lambda: "scrolled back" not in game.text)


async def test_leaving_waits_for_the_save(tmp_path: Path) -> None:
    """q, then quit: the run is stopped, saves, and only then the app ends with code 0."""
    async with playing(tmp_path) as game:
        await game.play_to(2)
        await game.press("q")
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        await game.press("q")
        await game.until(lambda: game.app.return_code is not None)
        assert game.expedition.left
        assert 0 == game.app.return_code


async def test_whoever_leaves_while_scouts_are_out_is_told_what_is_waited_for(tmp_path: Path) -> None:
    """Many ranks cannot call them off, and a screen that says nothing but "Saving" looks stuck."""
    async with playing(tmp_path) as game:
        await game.play_to(2)
        screen = game.app.screen
        assert isinstance(screen, ExpeditionScreen)
        for scouting, words in ((True, "The scouts come back, then the run is saved. Ctrl+Q"), (False, "Saving … Ctrl+Q")):
            screen.scene.scouting, screen.leaving = scouting, False
            screen.take_leave()
            await game.see(words)


async def test_staying_goes_on_as_before(tmp_path: Path) -> None:
    """Escape on the question leaves everything as it was."""
    async with playing(tmp_path, "pace.turns_per_second=20", paused=False) as game:
        await game.press("q")
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        assert game.inbox.paused
        await game.press("escape")
        await game.until(lambda: not game.inbox.paused)


async def test_back_to_the_title(tmp_path: Path) -> None:
    """The run is saved and the title opens; the thread is gone."""
    async with playing(tmp_path) as game:
        game.app.leave("title")
        await game.until(lambda: isinstance(game.app.screen, TitleScreen) and "New campaign" in game.text)
        assert game.expedition.left
        assert game.app.bridge is None


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("j", "j does nothing here. ? lists the keys."),
        ("k", "k does nothing here. ? lists the keys."),
        ("enter", "Enter does nothing here. ? lists the keys."),
        ("7", "There is no ability 7; this hero has 1 Rage and 2 Reckless Attack."),
    ],
)
async def test_no_key_is_silent(tmp_path: Path, key: str, words: str) -> None:
    """One that is bound to nothing, or to what this kind of training has not, is told as that; one that acts keeps its own answer."""
    async with playing(tmp_path) as game:
        await game.press(key)
        await game.until(lambda: words == game.screen.notice)
        await game.press("minus")
        await game.until(lambda: "‖ Speed: 50/s. Space resumes." == game.screen.notice)


async def test_an_answer_that_was_cut_is_whole_on_a_wider_screen(tmp_path: Path) -> None:
    """Also below a card, and cut again on a narrow one."""
    async with playing(tmp_path, size=(80, 24)) as game:
        words = "An answer of many words, which goes on and on until the line of a small terminal has no room for its end"
        game.screen.tell_player(words, "warn", stays="always")
        await game.app.push_screen(Card(LevelGained(3, (), Sheet(level=2))))
        for width, whole in ((80, False), (120, True), (80, False)):
            await game.pilot.resize_terminal(width, 36)
            await game.until(lambda whole=whole: (words in shown_line(game)) == whole and "An answer" in shown_line(game))  # type: ignore[misc]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_box_of_words_lies_over_the_chart_alone(size: tuple[int, int], tmp_path: Path) -> None:
    """What is longer than the line hides neither log nor answers nor keys, nor an act's card; all of it is in the box."""
    async with playing(tmp_path, size=size, boxes=True) as game:
        game.screen.tell_player("No ghost line and no gates: the recording was made with other settings. " * 3, "warn")
        await game.until(lambda: any(box.region.area for box in game.screen.query(Toast)))
        box = game.screen.query_one(Toast).region
        assert box.bottom <= game.screen.size.height
        for name in ("log", "notice", "keys", "status"):
            assert not box.overlaps(game.screen.query_one(f"#{name}").region)
        await game.app.push_screen(Card(ActBegan(0, 1, "The tavern", "Every turn is one step of learning.")))
        await game.until(lambda: any(box.region.area for box in game.app.screen.query(Toast)))
        assert not game.app.screen.query_one(Toast).region.overlaps(game.app.screen.query_one("#card").region)


def shown_line(game: Game) -> str:
    """The line above the keys, whatever lies over the expedition."""
    return "".join(strip.text for strip in game.screen.query_one(NoticeLine).render_lines(game.screen.query_one(NoticeLine).size.region))


async def test_ctrl_c_says_which_key_saves_and_quits(tmp_path: Path) -> None:
    """It ends nothing, as in a text field it copies."""
    async with playing(tmp_path, paused=True) as game:
        await game.press("ctrl+c")
        await game.until(lambda: ["Ctrl+Q saves the run and quits."] == [told.message for told in game.app._notifications])


async def test_ctrl_c_on_a_card_says_so_too(tmp_path: Path) -> None:
    """And the card stays."""
    async with playing(tmp_path) as game:
        await game.app.push_screen(Card(LevelGained(3, (), Sheet(level=2))))
        await game.press("ctrl+c")
        await game.until(lambda: ["Ctrl+Q saves the run and quits."] == [told.message for told in game.app._notifications])
        assert isinstance(game.app.screen, Card)


@pytest.mark.parametrize(("keys", "wait"), [(["1"], ""), (["d", "2"], " (once you are back in the game)")])
async def test_an_order_on_a_card_does_not_send_the_player_to_space(
    keys: list[str], wait: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a card the run goes on by itself: space would pause it. On the diagnosis it goes on once the player is back."""
    told: list[str] = []
    tell = ExpeditionScreen.tell_player
    monkeypatch.setattr(
        ExpeditionScreen, "tell_player", lambda screen, text, *how, **more: (told.append(text), tell(screen, text, *how, **more))
    )
    async with playing(tmp_path, "pace.turns_per_second=1", explain=True, paused=False) as game:
        game.screen._cards.append([LevelGained(3, (), Sheet(level=2))])
        game.screen.next_card()
        await game.until(lambda: isinstance(game.app.screen, Card))
        for key in keys:
            await game.press(key)
            await game.until(lambda: key != "d" or isinstance(game.app.screen, DiagnosisScreen))  # noqa: B023
        await game.until(lambda: any(words.endswith(f"takes effect next turn{wait}") for words in told))


async def test_a_save_that_fails_at_the_end_is_told(tmp_path: Path) -> None:
    """The app ends with code 1 and leaves a sentence for the shell."""
    async with playing(tmp_path, save_error=True) as game:
        await game.press("ctrl+q")
        await game.until(lambda: game.app.return_code is not None)
        assert 1 == game.app.return_code
        lost, on = game.app.farewell.splitlines()
        assert f"could not be saved in {tmp_path}: No space left on device. Only the saves before are kept." in lost
        assert on.endswith(f"go on from the last of them: rolltrain play {tmp_path}")


async def test_a_failed_save_is_told_even_when_the_screen_saw_it_first(tmp_path: Path) -> None:
    """Whoever takes the run's last message, the code is 1 and the sentence is left for the shell."""
    async with playing(tmp_path, save_error=True) as game:
        game.app.bridge.stop()
        assert game.app.bridge.join(PATIENCE)
        game.screen.tick()
        await game.press("ctrl+q")
        await game.until(lambda: game.app.return_code is not None)
        assert 1 == game.app.return_code
        assert "No space left on device" in game.app.farewell


async def test_the_end_opens_the_story_of_the_run(tmp_path: Path) -> None:
    """After the last turn the ending is shown."""
    async with playing(tmp_path, "turns=12") as game:
        await game.press("space")
        await game.until(lambda: isinstance(game.app.screen, EndingScreen) and "THE END" in game.text)


async def test_a_training_error_is_explained(tmp_path: Path) -> None:
    """The error is shown, literally and clean; the program lives. Once it is left, the code and the last words tell of the error."""
    async with playing(tmp_path, paused=False, fail_at=3) as game:
        await game.until(lambda: isinstance(game.app.screen, ChoiceDialog))
        await game.until(lambda: "model [/] broke" in game.text)
        assert "Continue" in game.text
        await game.pilot.press("ctrl+q")
        await game.until(lambda: game.app.return_code is not None)
        assert game.app.return_code == 1
        assert game.app.farewell.startswith("Training failed in turn 3: RuntimeError: the fake")


async def test_a_campaign_that_cannot_open_leads_back_to_the_title(tmp_path: Path) -> None:
    """The reason is told on the title."""
    app = RolltrainApp(Launch(save=tmp_path, runs=tmp_path), FakeOutfitter(error=ValueError("the text [/] is too short")))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "the text [/] is too short" in shown(app))
        assert any(isinstance(screen, TitleScreen) for screen in app.screen_stack)


async def test_hero_overrides_skip_the_choice_of_a_hero(tmp_path: Path) -> None:
    """Who names the hero on the command line sets out at once, with every override."""
    outfitter = FakeOutfitter(FakeExpedition(tmp_path, fake_config("turns=1000000")))
    path = CAMPAIGNS / "tiny_gpt.yaml"
    app = RolltrainApp(Launch(campaign=path, runs=tmp_path, overrides=("hero.name=Zug",), turns_per_second=1), outfitter)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: under_way(app))
        assert [("begin", path, ("hero.name=Zug",))] == outfitter.asked
        app.leave("quit")
        await until(pilot, lambda: app.return_code is not None)


async def test_saving_trouble_on_the_way_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    """A full disk is a line on the screen, not the end."""
    async with playing(tmp_path, save_error=True) as game:
        await game.press("s")
        await game.play_to(1)
        await game.until(lambda: isinstance(game.screen.scene.saved, SaveFailed))
        await game.see("✖ not saved", "could not be written")
        await game.play_to(2)
