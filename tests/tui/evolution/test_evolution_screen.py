"""The screen of an evolution, with members that walk in this process."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from support.evolving import evolution, told
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.screens_host import ScreensHost, shown, until
from textual.screen import Screen

from rolltrain_tui.base.jobs import Died, J, R, Stopped
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.evolution.leg import Birth, Leg
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.evolution.screen import EvolutionScreen
from rolltrain_tui.tui.expedition.replay import ReplayScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.dialogs.choice import ChoiceDialog
from rolltrain_tui.tui.screens.title import TitleScreen

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_members_are_ranked_and_their_lines_and_the_answer_are_told(
    size: tuple[int, int], tiny_config: Callable[..., CampaignConfig], tmp_path: Path
) -> None:
    """At the end Enter watches the member that the cursor is on."""
    made = evolution(tiny_config(), tmp_path)
    app = ScreensHost(lambda: EvolutionScreen(made, told(made, fail=True)))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "★ Best: m03" in shown(app))
        screen = shown(app)
        assert "Generation 3 of 3 · pbt" in screen
        assert screen.index("D m03") < screen.index("C m02")
        assert "m03 at" in screen
        await pilot.press("down", "enter")
        assert app.calls == [("watch", made.runs / made.ranking[1].run)]


async def test_it_fits_a_terminal_that_changed_while_a_member_was_watched(
    tiny_config: Callable[..., CampaignConfig], tmp_path: Path
) -> None:
    made = evolution(tiny_config(), tmp_path)
    app = ScreensHost(lambda: EvolutionScreen(made, told(made)))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "★ Best: m03" in shown(app))
        app.push_screen(Screen())
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: app.screen.size.width == 120)
        app.pop_screen()
        await until(pilot, lambda: "GFLOP · over" in shown(app) and f"{made.plan.config.turns} turns" in shown(app))


async def test_a_member_that_was_watched_leads_back_to_the_evolution(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    """So does one that cannot be opened; Escape on the evolution leads to the title."""
    made = evolution(tiny_config(), tmp_path)
    app = RolltrainApp(Launch(screen=lambda: EvolutionScreen(made, told(made)), runs=tmp_path), FakeOutfitter(error=ValueError("no torch")))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "★ Best: m03" in shown(app))
        before = app.screen
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is before)
        run = made.runs / made.ranking[0].run
        with Chronicle(run / "chronicle.jsonl") as chronicle:
            for event in FakeExpedition(run, fake_config("turns=9")).play(Inbox()):
                if event.in_story:
                    chronicle.append(event)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.scene.campaign)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is before and app.bridge is None)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))


async def test_nobody_is_watched_while_members_train_and_escape_stops_them(
    tiny_config: Callable[..., CampaignConfig], tmp_path: Path
) -> None:
    made, asked = evolution(tiny_config(), tmp_path, population=40), list[bool]()

    def slowly(work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
        yield from told(made)(work, [job for job in jobs if isinstance(job, Birth)], stopped)
        while any(isinstance(job, Leg) for job in jobs) and not stopped():
            time.sleep(0.01)
        asked.append(stopped())

    app = ScreensHost(lambda: EvolutionScreen(made, slowly))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "sets out, to turn 4" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: any("still training" in told.message for told in app._notifications))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, EvolutionScreen))
    assert asked[-1]
    assert app.calls == []


async def test_what_stops_it_is_told(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    made = evolution(tiny_config(), tmp_path)

    def broken(work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
        yield from ((job, Died("no space left")) for job in jobs)

    app = ScreensHost(lambda: EvolutionScreen(made, broken))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "✖ m00-g01 cannot begin: no space left" in shown(app))
        assert "–" in shown(app)
