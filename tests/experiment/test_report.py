"""What an experiment leaves behind: tables, CSV, report, pictures, and the verb that makes them."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from click.testing import CliRunner
from support import warm
from support.patience import PATIENCE

from rolltrain_tui.base.statistics import Estimate
from rolltrain_tui.cli.main import rolltrain
from rolltrain_tui.cli.shared.exit_codes import exit_code_of
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment import plots, report, table
from rolltrain_tui.experiment.compare import Comparison, write
from rolltrain_tui.experiment.grid import CONTROL, Arm, Cell
from rolltrain_tui.experiment.policies import POLICIES
from rolltrain_tui.experiment.run import Failure, Outcome, Result
from rolltrain_tui.experiment.table import Outcomes, contrasts, rows
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.objective import Objective

ARMS = (CONTROL, *(Arm(name, book, policy) for name in ("cleric", "rogue") for book in ("hero", "off") for policy in ("none", "oracle")))
FLAT = Result(
    value=2.0,
    best=1.9,
    train_loss=2.0,
    gflop=10.0,
    turns=4,
    ending="victory",
    objective=Objective(limit=0.5),
    curve=((0, 4.0), (2, 3.0), (4, 2.0)),
)


def outcomes_of(seeds: int = 3) -> Outcomes:
    """Losses by formula: each arm lies a hundredth above the one before, each seed a tenth; the last cell failed."""
    found: dict[Cell, Outcome] = {}
    for place, arm in enumerate(ARMS):
        for seed in range(seeds):
            found[Cell(arm, seed, "", "", "")] = replace(FLAT, value=2.0 + place / 100 + seed / 10, uses=place, level=2)
    last = list(found)[-1]
    found[last] = Failure("the forge went\x1b[2J cold")
    return Outcomes(list(found), found)


@pytest.fixture
def tiny(tmp_path: Path, tiny_config: Callable[..., CampaignConfig]) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(campaign_file.dump(tiny_config()), encoding="utf-8")
    return path


def test_columns_are_aligned() -> None:
    """The first column to the left and all others to the right, or the first few to the left."""
    assert table.aligned(("arm", "n"), [("a", "10")]) == "arm   n\na    10"
    assert table.aligned(("arm", "rule", "n"), [("a", "b", "10")], words=2) == "arm  rule   n\na    b     10"


def test_rows() -> None:
    """Every arm has a row; differences are paired with plain training; a failed seed is named and left out."""
    found = rows(outcomes_of())
    assert tuple(row.arm for row in found) == ARMS
    assert found[0].difference is None
    assert [row.difference.mean for row in found[1:] if row.difference] == pytest.approx([n / 100 for n in range(1, 9)])
    assert all(row.difference.standard_error < 1e-9 for row in found[1:] if row.difference)
    assert [0] * 8 + [1] == [len(row.failures) for row in found]
    assert (2, 8) == (found[-1].value.n, found[-1].uses)


def test_a_difference_that_no_seed_can_tell_has_no_word() -> None:
    """The word behind a difference is better or worse where it is beyond two standard errors; else the place is empty."""
    words = [table.cells_of_difference(Estimate(mean, 0.1, 3))[2] for mean in (-0.3, 0.3, 0.1)]
    assert words == ["better", "worse", ""]


def test_contrasts() -> None:
    """Policies are set against each other within class and rulebook, and over all classes by the mean of a seed."""
    found = contrasts(outcomes_of())
    assert {("oracle", "none")} == {(one.policy, one.other) for one in found}
    assert [(one.hero_class, one.rulebook) for one in found] == [(c, b) for b in ("hero", "off") for c in ("cleric", "rogue", "all")]
    assert [one.difference.mean for one in found] == pytest.approx([0.01] * 6)


def test_the_report_contains_every_arm(tiny_config: Callable[..., CampaignConfig]) -> None:
    """Every arm is in the table and the report, every run in the CSV, the failed one with its error made safe."""
    outcomes, config = outcomes_of(), tiny_config()
    text = report.as_markdown(config, outcomes, ["final_loss.png"], "rolltrain compare tiny")
    printed = Comparison(outcomes, 0).text()
    for arm in ARMS:
        assert f"| {arm.title} |" in text
        assert f"\n{arm.title}  " in f"\n{printed}"
    lines = list(csv.DictReader(io.StringIO(report.as_csv(outcomes))))
    assert [(cell.arm.hero_class, str(cell.seed)) for cell in outcomes.cells] == [(line["class"], line["seed"]) for line in lines]
    assert "cold" in lines[-1]["error"]
    assert f"Of {len(ARMS) - 1} comparisons one or two stand out by chance" in printed
    assert "\x1b" not in text + printed + lines[-1]["error"]
    assert "![final_loss.png](final_loss.png)" in text


def test_a_narrow_terminal_gets_lines_that_fit(tiny_config: Callable[..., CampaignConfig]) -> None:
    """Where the table is wider than the screen, what the heroes did is left to the report; numbers and failed runs stay."""
    comparison = Comparison(outcomes_of(), 0)
    whole, narrow = comparison.text(), comparison.text(80)
    assert max(map(len, whole.splitlines())) > 80 >= max(map(len, narrow.splitlines()))
    assert {"deaths", "foes"}.isdisjoint(narrow.splitlines()[0].split())
    kept = ("± SE", "Δ plain", "GFLOP", "failed", *(arm.title for arm in ARMS))
    assert all(word in whole and word in narrow for word in kept)
    assert "see report.md" in narrow
    assert "see report.md" not in whole
    assert "| deaths |" in report.as_markdown(tiny_config(), comparison.outcomes, [], "")


def test_json_is_json(tiny_config: Callable[..., CampaignConfig]) -> None:
    """The JSON answer holds every arm, and null where there is no number."""
    found = json.loads(json.dumps(report.as_json(tiny_config(), outcomes_of(1), ["a"]), allow_nan=False))
    assert len(ARMS) == len(found["arms"])
    assert found["arms"][0]["value"] == {"mean": 2.0, "standard_error": None, "n": 1, "higher_is_better": False}


@pytest.mark.parametrize("value", [nan, float("inf")])
def test_numbers_that_are_none(value: float) -> None:
    """What is no number is a dash in a table."""
    assert table.number(value, 3) == "–"
    assert table.number(-0.5, 1) == "−0.5"


def test_every_policy_has_a_colour() -> None:
    """Whatever `--policies` takes can be drawn."""
    assert plots.COLOURS.keys() == POLICIES.keys()


@pytest.mark.slow
def test_pictures_are_pictures() -> None:
    """Both figures come as PNG and as SVG that parses, names every arm, and is the same when drawn again."""
    outcomes = outcomes_of()
    drawn = plots.draw(outcomes)
    assert set(drawn) == {"final_loss.png", "final_loss.svg", "loss_curves.png", "loss_curves.svg"}
    assert all(content.startswith(b"\x89PNG\r\n\x1a\n") for name, content in drawn.items() if name.endswith("png"))
    texts = {name: "\n".join(ET.fromstring(content).itertext()) for name, content in drawn.items() if name.endswith("svg")}
    assert all(arm.title in texts["final_loss.svg"] for arm in ARMS)
    assert all(name in texts["loss_curves.svg"] for name in ("cleric", "rogue", "plain training", "oracle, off"))
    assert drawn == plots.draw(outcomes)


@pytest.mark.slow
def test_pictures_of_little() -> None:
    """One seed, an arm without any finite loss, or nothing finished at all are drawn, or not, without an error."""
    assert len(plots.draw(outcomes_of(1))) == 4
    cell = outcomes_of(1).cells[1]
    assert len(plots.draw(Outcomes([cell], {cell: replace(FLAT, curve=((0, nan),))}))) == 4
    assert plots.draw(Outcomes([cell], {})) == {}
    assert plots.draw(Outcomes([cell], {cell: replace(FLAT, value=nan, curve=())})) == {}


def test_without_matplotlib(tiny_config: Callable[..., CampaignConfig], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the plotting library everything else is written, and a sentence says what brings the pictures."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    told: list[str] = []
    assert write(Comparison(outcomes_of(), 0), tiny_config(), tmp_path, "", told.append) == ["results.csv", "report.md"]
    assert "rolltrain-tui[plots]" in told[0]


# The verb.


@pytest.mark.parametrize(
    ("words", "hint"), [("--classes wizrd", '"wizard"'), ("--rulebooks hro", '"hero"'), ("--policies orcle", '"oracle"')]
)
def test_a_wrong_name_is_a_mistake(tiny: Path, words: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is not known ends with exit code 2 and a sentence with the nearest spelling."""
    code = exit_code_of(lambda: rolltrain(["compare", str(tiny), *words.split()], standalone_mode=False))
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert f"Did you mean {hint}?" in said.err


@pytest.mark.slow
def test_the_whole_verb(tiny: Path, tmp_path: Path) -> None:
    """`compare` runs the grid, prints the table, writes its files; called again it runs nothing and prints the same."""
    words = ["compare", str(tiny), "--classes", "wizard", "--rulebooks", "off", "--policies", "random", "--seeds", "2", "--steps", "4"]
    words += ["--set", "schedule.warmup_turns=1", "--workers", "1", "--out", str(tmp_path / "out")]
    first = CliRunner().invoke(rolltrain, words, standalone_mode=False)
    assert (first.return_value, first.exception) == (0, None)
    assert ["plain training", "wizard, off, random"] == [line.split("  ")[0] for line in first.stdout.splitlines()[1:3]]
    again = CliRunner().invoke(rolltrain, [*words, "--json"], standalone_mode=False)
    assert "4 of 4 runs were finished before" in again.stderr
    found = json.loads(again.stdout)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*found["files"], "cells"}
    assert len(found["arms"]) == 2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to one process")
def test_ctrl_c_leaves_what_is_finished(tiny: Path, tmp_path: Path) -> None:
    """Ctrl+C ends the experiment with a word about going on, the finished runs on disk, and exit code 130."""
    words = [
        "compare",
        str(tiny),
        "--classes",
        "wizard",
        "--policies",
        "none",
        "--seeds",
        "200",
        "--workers",
        "1",
        "--out",
        str(tmp_path / "o"),
    ]
    process = warm.Popen([sys.executable, "-m", "rolltrain_tui", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    while not list((tmp_path / "o").glob("cells/*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "the same command goes on with them" in said
    assert "Traceback" not in said
    assert (tmp_path / "o" / "report.md").exists()
    assert f"Written: {tmp_path / 'o' / 'report.md'}\n" in said


@pytest.mark.slow
def test_the_game_needs_neither_matplotlib_nor_numpy(tiny: Path, tmp_path: Path) -> None:
    """A campaign trains to its end where both are absent."""
    script = (
        "import sys\nfor name in ('matplotlib', 'numpy'): sys.modules[name] = None\n"
        "from rolltrain_tui.cli.main import main\nsys.argv = ['rolltrain', *sys.argv[1:]]\nmain()"
    )
    words = ["train", str(tiny), "--steps", "4", "--json", "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["turns"] == 4


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "+0.0000"), (-0.0, "+0.0000"), (-0.5, "−0.5000"), (inf, "–"), (-inf, "–"), (nan, "–")],
)
def test_a_difference_has_one_sign_and_no_number_has_none(value: float, words: str) -> None:
    assert table.signed(value) == words
