"""What a teacher hides is on no frame of any screen until it is revealed, and then it is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.frames import FrameApp
from support.patience import PATIENCE
from support.playing import Game, under_way
from support.screens_host import shown, until
from support.secrets import leaks, secret_story

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.story.veil import SECRETS, secrets_of
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.ending import EndingScreen


class Recorded(FakeExpedition):
    """Remembers its story, as a run in a folder does."""

    def play(self, inbox: Inbox) -> Iterator[Event]:
        for event in super().play(inbox):
            self.story.append(event)
            yield event


TOUR = ("tab", "d", "escape", "x", "g", "escape", "l")
"""Keys that look around."""


@pytest.mark.parametrize(("size", "presenter"), [((120, 36), True), pytest.param((80, 24), False, marks=pytest.mark.slow)])
async def test_no_frame_shows_what_is_hidden_and_all_is_there_once_revealed(tmp_path: Path, size: tuple[int, int], presenter: bool) -> None:
    """With cards, tabs, diagnosis, chart, ending and its log; the ending then shows every secret."""
    run = Recorded(tmp_path, fake_config("turns=10", "pace.pause_on=[verdict,gate,sick,scouts]"), script=secret_story())
    app = FrameApp(Launch(save=tmp_path, runs=tmp_path, hidden=secrets_of("all"), presenter=presenter), outfitter := FakeOutfitter(run))
    outfitter.before = lambda: app.bridge and app.bridge.inbox.pause()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: under_way(app))
        for number in range(1000):
            if isinstance(app.screen, EndingScreen):
                break
            for key in ("full_stop", "enter", *(TOUR if number in (3, 7) else ())):
                await pilot.press(key)
            await pilot.pause(0.02)
        await until(pilot, lambda: isinstance(app.screen, EndingScreen) and "THE END" in shown(app))
        await pilot.press("l", "home", "v", "end", "escape")
        before = "\n".join("\n".join(frame) for _, frame in app.frames)
        assert leaks(before, secrets_of("all")) == []
        assert "is kept back" in before
        app.frames.clear()
        await pilot.press("h")
        await until(pilot, lambda: "VICTORY" in shown(app))
        await pilot.press("l", "home")
        await until(pilot, lambda: "gate opened" in shown(app))
        await pilot.press("escape", "x")
        await until(pilot, lambda: "ghost 1.777" in shown(app))
        after = "\n".join("\n".join(frame) for _, frame in app.frames)
        assert {secret for secret in SECRETS if not leaks(after, frozenset({secret}))} == set()


async def test_the_key_reveals_one_secret_of_the_turns_before_and_the_others_stay(tmp_path: Path) -> None:
    """Between two turns, on the game's own screen."""
    run = Recorded(tmp_path, fake_config("turns=10"), script=secret_story())
    app = FrameApp(Launch(save=tmp_path, runs=tmp_path, explain=False, hidden=secrets_of("floor,verdict")), outfitter := FakeOutfitter(run))
    outfitter.before = lambda: app.bridge and app.bridge.inbox.pause()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: under_way(app))
        game = Game(app, pilot, run)
        await game.until(lambda: game.screen.scene.campaign)
        await game.play_to(6)
        await game.see("h reveals it")
        assert leaks(game.text, secrets_of("floor,verdict")) == []
        await pilot.press("h", "v")
        await game.see("0.4321")
        assert leaks(game.text, secrets_of("floor")) == []
        await pilot.press("h")
        await game.see("1.31")
        app.bridge.stop()
        assert app.bridge.join(PATIENCE)


@pytest.mark.parametrize("text", ["ghosts", "ghost,flor", "all,no"])
def test_what_cannot_be_hidden_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be hidden"):
        secrets_of(text)


def test_spaces_and_empty_words_do_not_matter_to_what_is_hidden() -> None:
    assert secrets_of(" ghost , floor,") == {"ghost", "floor"}
    assert secrets_of("") == frozenset()
    assert secrets_of("all") == secrets_of("floor, All") == set(SECRETS)
