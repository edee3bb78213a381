"""The screen of an evolution, with members that walk in this process."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.screens_host import ScreensHost, shown, until

from rolltrain_tui.base.jobs import Died, Executor, J, R, Stopped, in_this_process
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.evolution.course import Evolution
from rolltrain_tui.experiment.evolution.leg import Birth, Leg, Walked
from rolltrain_tui.experiment.evolution.plan import plan
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.event_log import Chronicle
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.evolution.screen import EvolutionScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.dialogs import ChoiceDialog
from rolltrain_tui.tui.screens.replay import ReplayScreen
from rolltrain_tui.tui.screens.title import TitleScreen

pytestmark = pytest.mark.slow


def told(evolution: Evolution, fail: bool = False) -> Executor:
    """Members without a training: each generation the loss falls, more for the later ones; with `fail` the first dies."""

    def execute(work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
        for job in jobs:
            if stopped():
                return
            if isinstance(job, Birth):
                (evolution.runs / job.name).mkdir()
                yield job, None  # type: ignore[misc]
            elif isinstance(job, Leg):
                index = int(job.name[1:3])
                curve = tuple((turn, 4 - turn * (index + 1) / 20) for turn in range(0, job.until + 1, 4))
                if fail and job.name == "m00-g01":
                    yield job, Died("its process ended with code 9, 2 times")
                else:
                    yield job, Walked(job.name, job.until, curve[-1][1], job.until / 2, job.until == 12, curve)  # type: ignore[misc]
            else:
                yield from in_this_process(lambda job: None, [job], stopped)  # type: ignore[misc]

    return execute


def evolution(config: CampaignConfig, folder: Path, population: int = 4) -> Evolution:
    mutate = ["optimizer.learning_rate", "optimizer.weight_decay"]
    made = Evolution(plan(config, folder, method="pbt", population=population, every=4, cut=0.25, mutate=mutate), folder)
    made.plan.write(folder)
    return made


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
        assert app.screen is before
        run = made.runs / made.ranking[0].run
        with Chronicle(run / "chronicle.jsonl") as chronicle:
            for event in FakeExpedition(run, fake_config("turns=9")).play(Inbox()):
                if event.in_story:
                    chronicle.append(event)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReplayScreen) and app.screen.scene.campaign)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is before)
        assert app.bridge is None
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
