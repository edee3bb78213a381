"""A mode from another package: without a line about it in rolltrain, it goes through every verb and through the game.

It measures R², where higher is better. So no text may call its evaluations a loss, count them in nats, or praise a fall.
"""

import csv
import json
import re
from asyncio import timeout
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.installed import Shell, shell_with, unpack, with_the_curve
from support.paths import MODE_EXAMPLE
from support.patience import PATIENCE
from support.screens_host import shown
from support.shell import Answer

from rolltrain_tui.protocol import events as ev
from rolltrain_tui.runs.log.event_log import read_from
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.cards import Card
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.ending import EndingScreen
from rolltrain_tui.tui.screens.hero_choice import HeroChoiceScreen

pytestmark = pytest.mark.slow

TURNS = 60
SHORT = (("turns: 300", f"turns: {TURNS}"), ("every: 50 ", "every: 20 "), ("autosave_every: 50", "autosave_every: 20"))
"""The template, a fifth as long: three camps, seven evaluations."""


def honest(text: str) -> str:
    """The text, in which nothing is in nats and no evaluation is called a loss."""
    assert not re.search(r"\bnats?\b|val(idation)? loss", text, re.IGNORECASE), text
    for line in text.splitlines():
        if "R²" in line:
            assert "loss" not in line.lower().replace("training loss", "").replace("loss dragon", ""), line
    return text


class Curve:
    """rolltrain with the mode installed, a campaign of it, its ghost and a run that went beside the ghost."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.campaign = folder, folder / "string.yaml"
        unpack(MODE_EXAMPLE, folder / "site")
        self._shell: Shell = shell_with(folder / "site", folder)
        self("new", "curve", self.campaign)
        text = self.campaign.read_text("utf-8")
        for old, new in SHORT:
            assert old in text
            text = text.replace(old, new)
        self.campaign.write_text(text, "utf-8")
        self.ghost = self("ghost", self.campaign)
        self.result = json.loads(self("train", self.campaign, "--json", "--out", folder / "runs"))
        [self.run] = (folder / "runs").iterdir()

    def __call__(self, *words: object) -> str:
        """What a verb says on both streams; stdout alone where it is asked for JSON."""
        done = self._shell(*words)
        assert done.returncode == 0, done.stderr
        assert "Plug-in" not in done.stderr
        honest(done.stdout + done.stderr)
        return done.stdout if "--json" in words else done.stdout + done.stderr


@pytest.fixture(scope="module")
def curve(tmp_path_factory: pytest.TempPathFactory) -> Curve:
    return Curve(tmp_path_factory.mktemp("curve"))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mode in this process, as its entry point would bring it."""
    with_the_curve(monkeypatch)


@pytest.fixture
def say(installed: None, call: Callable[..., Answer]) -> Callable[..., str]:
    """A verb in this process, which has torch already: what it says on both streams, or stdout alone for JSON."""

    def run(*words: object, code: int = 0) -> str:
        answer = call(*words)
        assert answer.code == code, answer.err
        honest(answer.out + answer.err)
        return answer.out if "--json" in words or words[0] == "schema" else answer.out + answer.err

    return run


Say = Callable[..., str]


def events_of(run: Path) -> Sequence[ev.Event]:
    return [event for event, _ in read_from(run / "chronicle.jsonl")]


def test_new_check_and_schema(curve: Curve, say: Say) -> None:
    """The template is a good campaign, the schema has the mode's sections, and a wrong value is a sentence with its place."""
    assert "good. The Singing String" in say("check", curve.campaign)
    schema = json.loads(say("schema", "curve"))
    assert {"data", "model", "optimizer", "schedule", "batch"} <= schema["properties"].keys()
    assert "device" not in schema["properties"]
    wrong = curve.folder / "wrong.yaml"
    wrong.write_text(curve.campaign.read_text("utf-8").replace("width: 32", "width: 0 "), "utf-8")
    assert "model.width: must be a whole number from 1 to 4096 (got 0)" in say("check", wrong, code=2)


def test_the_summary_names_the_objective(curve: Curve) -> None:
    """R² at the end, as a number that rose."""
    assert curve.result["objective"] == "R²"
    assert curve.result["value"] > 0.3
    assert "ends at 0." in curve.ghost


def test_lists_of_saves_name_the_objective(curve: Curve, say: Say) -> None:
    """Each value stands beside R², in the list and in one run's saves."""
    for told in (say("saves", "list", "--out", curve.folder / "runs"), say("saves", "show", curve.run)):
        assert "R² 0." in told
        assert "val " not in told


def test_rises_teach_and_falls_hurt(curve: Curve, say: Say) -> None:
    """XP for exactly the rise of the best R², in steps of 0.1; a fall below the best costs HP. The story says so."""
    out = curve.folder / "bouncing"
    bounce = ("optimizer.learning_rate=0.2", "dice.rulebook=off", "encounters.mode=off", "diagnosis.examine=false", "gate.mode=off")
    told = say("train", curve.campaign, "--plain", "--out", out, *(word for value in bounce for word in ("--set", value)))
    assert "the best so far" in told
    [run] = out.iterdir()
    happened = events_of(run)
    evaluated = [event for event in happened if isinstance(event, ev.Evaluated)]
    gained = {event.turn: event.amount for event in happened if isinstance(event, ev.XPGained) and event.cause == "learning"}
    hurt = {event.turn for event in happened if isinstance(event, ev.HeroHurt) and event.cause == "the R² fell"}
    best = evaluated[0].value
    for one in evaluated[1:]:
        assert one.improved == (one.value > best)
        if one.improved:
            assert gained[one.turn] == pytest.approx(1000 * (one.value - best) / 0.1, abs=1)
        assert (one.turn in hurt) == (one.value < best)
        best = max(best, one.value)
    assert gained
    assert hurt
    assert "(the R² fell)" in told
    assert re.search(r"^R²\n +turn", say("diff", curve.run, run), re.MULTILINE)


def test_the_gate_opens_above_the_bar(curve: Curve) -> None:
    """At each camp the bar is the ghost's R² less the tolerance, and what is at least as high passes."""
    gates = [event for event in events_of(curve.run) if isinstance(event, ev.GateFaced)]
    assert len(gates) == TURNS // 20 - 1
    for gate in gates:
        assert gate.bar == pytest.approx(gate.ghost - 0.05)
        assert gate.opened == (gate.value >= gate.bar)
    assert {gate.opened for gate in gates} == {True, False}


def test_resumed_from_a_save_is_the_same_run(curve: Curve, say: Say) -> None:
    """From an earlier save on, the run ends with the weights and the value of one sitting; so does a branch."""
    again = json.loads(say("train", "--resume", curve.run / "saves" / "turn-000040", "--json", "--out", curve.folder / "again"))
    folder = say("branch", curve.run, "--at", 30, "--out", curve.folder / "branches").splitlines()[0]
    branched = json.loads(say("train", "--resume", folder, "--json"))
    assert "The same to the last bit" in say("diff", curve.run, folder)
    for found in (again, branched):
        assert [found[name] for name in ("weights_sha256", "value", "xp")] == [
            curve.result[name] for name in ("weights_sha256", "value", "xp")
        ]


def test_verified_and_told_again(curve: Curve, say: Say) -> None:
    """Trained once more it is the same to the last bit; a replay and the charts speak of R²."""
    assert "the same to the last bit" in say("verify", curve.run)
    told = say("replay", curve.run, "--plain")
    assert "R²: 0." in told
    assert "Played to the end" in told
    assert "R²: ◆ evaluations" in say("plot", curve.run, "--what", "loss")


def test_diagnosed(curve: Curve, say: Say) -> None:
    """Every examined signal is told; how much worse means lower here, and nothing is worse than its best by less than zero."""
    assert "R² 0." in say("diagnose", curve.run)
    found = json.loads(say("diagnose", curve.run, "--json"))
    readings = {reading["signal"]: reading for reading in found["readings"]}
    assert {name for name, reading in readings.items() if reading["value"] is None} == {"above_chance"}
    assert readings["gap"]["high"] == pytest.approx(0.03)  # 0.3 steps of 0.1
    assert str(readings["val_rise"]["value"]) == "0.0"


def test_exported(curve: Curve, say: Say) -> None:
    """The table has R² under its own name, and the report card too."""
    out = curve.folder / "export"
    say("export", curve.run, "--csv", "--report", "--out", out)
    honest((out / "report.md").read_text("utf-8"))
    with (out / "turns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"val/R²", "val/R²_best"} <= rows[0].keys()
    assert "val/loss" not in rows[0]
    assert len(rows) == TURNS + 1


def test_compared(curve: Curve) -> None:
    """Auto-players against plain training: the table, the report and the names of the pictures speak of R²."""
    out = curve.folder / "compared"
    arms = ("--classes", "barbarian", "--rulebooks", "hero", "--policies", "none,oracle", "--seeds", 2, "--workers", 1)
    told = curve("compare", curve.campaign, *arms, "--steps", 20, "--out", out)
    assert re.search(r"arm +R² ", told)
    assert "loss" not in told
    honest((out / "report.md").read_text("utf-8"))


async def test_played_on_screen(curve: Curve, tmp_path: Path, installed: None) -> None:
    """From the choice of a hero to the ending, by keys."""
    app = RolltrainApp(Launch(campaign=curve.campaign, runs=tmp_path, turns_per_second=1, explain=False))  # nobody is too late for it
    seen = set[str]()
    awaited = {HeroChoiceScreen: "Brakka", ExpeditionScreen: "─ R² ─", EndingScreen: "below the ceiling of 1"}

    async with app.run_test(size=(120, 36)) as pilot:
        for screen, keys in ((HeroChoiceScreen, ["enter"]), (ExpeditionScreen, ["1", *["plus"] * 5]), (EndingScreen, ["end"])):
            async with timeout(PATIENCE):
                while not any(isinstance(one, screen) for one in app.screen_stack):
                    seen.update(honest(shown(app)).splitlines())
                    if isinstance(app.screen, Card):  # the first of each kind waits
                        await pilot.press("enter")
                    await pilot.pause(0.05)
            async with timeout(PATIENCE):
                while not any(awaited[screen] in line for line in seen):
                    await pilot.pause(0.05)
                    seen.update(honest(shown(app)).splitlines())
            await pilot.press(*keys)
            seen.update(honest(shown(app)).splitlines())
    everything = "\n".join(seen)
    for words in ("─ R² ─", "below the ceiling of 1"):
        assert words in everything, words
