"""What a turn did not measure is not there: no number, no made-up 1, and no word of it."""

import csv
import math
import re
from dataclasses import replace
from pathlib import Path

from rolltrain_tui.exports.card import report_card
from rolltrain_tui.exports.export import read
from rolltrain_tui.exports.summary import RunSummary
from rolltrain_tui.exports.writers import CsvWriter
from rolltrain_tui.protocol.events import CampaignBegan, CampaignEnded, DiceRolled, Evaluated, Event, Rested, StepTaken
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.views import TurnLine
from rolltrain_tui.tui.drawing.chart_view import ChartView
from rolltrain_tui.tui.expedition.card_faces import camp_face
from rolltrain_tui.tui.widgets.game.die import measured
from rolltrain_tui.tui.widgets.game.log import turn_rows
from rolltrain_tui.tui.widgets.game.proof import proof_lines
from rolltrain_tui.tui.widgets.game.stage import stage_lines
from rolltrain_tui.tui.widgets.training.chart import instruments, readout
from rolltrain_tui.tui.widgets.training.full_chart import full_chart_lines
from rolltrain_tui.tui.wording.run_story import RunStory, facts_of, figure_words

BEGAN = CampaignBegan(0, "Plain", "supervised", 7, 3, "off", 20, 12, Sheet(), Objective(), 10, "10 weights", "cpu", "float32")
PLAIN = StepTaken(1, 2.0, 2.0, 1.0, 0.1, 1.0, None, None, None, 8, 0.2, True, ())
FUMBLE = StepTaken(2, 2.0, 2.0, 1.0, 0.1, 0.0, 0.0, 0.5, 0.0, 8, 0.4, True, ("update_scale",))
CRIT = StepTaken(3, 2.0, 2.0, 1.0, 0.1, 2.0, 1.9, 0.5, 1.0, 8, 0.5, True, ("update_scale",))
EVALUATED = Evaluated(3, 1.9, 0.1, 1.9, 2.0, True)
ENDED = CampaignEnded(3, "victory", 2.0, 1.8, 0.05, 1.9, Sheet(), 0.503)
FELT = ("update/proposed_norm", "update/applied_norm", "k/felt")


def table_of(events: list[Event], tmp_path: Path) -> tuple[list[dict[str, str]], RunSummary]:
    tmp_path.mkdir(exist_ok=True)
    with Chronicle(tmp_path / "chronicle.jsonl") as chronicle:
        for event in events:
            chronicle.append(event)
    writer = CsvWriter(tmp_path)
    summary = read(tmp_path / "chronicle.jsonl", [writer]).summary
    writer.close()
    with (tmp_path / "turns.csv").open(newline="") as file:
        return list(csv.DictReader(file)), summary


def test_cells_of_a_plain_step_are_empty_and_measured_zeros_are_zeros(tmp_path: Path) -> None:
    """A plain step has three empty cells; a fumble moved nothing, and that was measured."""
    rows, _ = table_of([BEGAN, PLAIN, FUMBLE, CRIT], tmp_path)
    assert [["", "", ""], ["0.5", "0", "0"], ["0.5", "1", "1.9"]] == [[row[name] for name in FELT] for row in rows]


def test_the_card_compares_both_k_over_the_same_turns(tmp_path: Path) -> None:
    """The mean of k asked leaves out the turns whose k was not measured, as the mean of k felt does."""
    card = report_card(table_of([BEGAN, PLAIN, FUMBLE, CRIT], tmp_path)[1])
    for row in ("| turns whose k was measured | 2 |", "| k asked, mean over these | 1.0000 |", "| k felt, mean over these | 0.9500 |"):
        assert row in card


def test_a_run_of_plain_steps_claims_nothing(tmp_path: Path) -> None:
    """Without dice no k is measured, and none is told."""
    _, summary = table_of([BEGAN, PLAIN], tmp_path)
    assert "| k felt, mean over these | – |" in report_card(summary)
    assert [] == summary.curves["k/felt"].bins == summary.curves["k/asked"].bins


def test_the_last_row_holds_the_final_evaluation_and_all_energy(tmp_path: Path) -> None:
    """The final evaluation is another measure than the best on the way; small energies keep their digits."""
    rows, summary = table_of([BEGAN, PLAIN, FUMBLE, CRIT, EVALUATED, ENDED], tmp_path)
    assert ["", "", "1.8"] == [row["val/final"] for row in rows]
    assert ("1.9", "0.503") == (rows[-1]["val/loss_best"], rows[-1]["perf/gflop"])
    assert "0.503 GFLOP" in report_card(summary)


def test_story_and_screen_tell_no_k_that_was_not_measured() -> None:
    """A plain step is called full, and no number is made up for it."""
    assert "Loss 2.000, k asked 1." == tell(PLAIN)
    assert "felt 0.000" in tell(FUMBLE)
    scene = Scene.of([BEGAN, PLAIN])
    scene.roll = None
    words = "".join(text for line in [*proof_lines(scene), instruments(scene, 200), measured(scene)] for text, _ in line)
    assert "felt" not in words
    assert "not measured" in words
    assert "0.0000" not in words
    roll = DiceRolled(1, 20, (11,), 11, 2, 13, 12, "hit", 1.0)
    shown = ["".join(text for text, _ in turn_rows(TurnLine(1, roll, step, None), 100)[0]) for step in (PLAIN, replace(FUMBLE, turn=1))]
    assert ["×1.000 full  loss", "×0.000 felt  loss"] == [row[row.index("×") :][:17] for row in shown]


def test_energy_and_tokens_that_nobody_counts_are_left_out(tmp_path: Path) -> None:
    """A foreign loop's steps have neither."""
    rows, summary = table_of([BEGAN, replace(PLAIN, tokens=0, gflop=0.0), replace(ENDED, turn=1, gflop=0.0)], tmp_path)
    assert ("", "") == (rows[0]["perf/tokens"], rows[0]["perf/gflop"])
    assert "| energy, twins aside | – |" in report_card(summary)


def test_an_error_that_nobody_knows_is_left_out(tmp_path: Path) -> None:
    """A foreign loop's loss, and an evaluation on one sequence, have none: no ± stands behind the value, and no "inf" either."""
    alone, end = replace(EVALUATED, standard_error=math.inf), replace(ENDED, standard_error=math.inf)
    story = [BEGAN, PLAIN, FUMBLE, CRIT, alone]
    scene = Scene.of(story)
    shown = [*stage_lines(scene, 100, 30), readout(scene, 200), *full_chart_lines(scene, ChartView(cursor=3), (), 120, 30)]
    words = ["".join(text for text, _ in line) for line in shown]
    finished = RunStory(scene=Scene.of([*story, end]), folder=tmp_path, path=None)
    words += [*figure_words(finished), *(f"{name} {value}" for name, value in facts_of(finished))]
    words += [f"{name} {value}" for name, value in camp_face(Rested(3, "long", Sheet()), alone).rows]
    words += [tell(alone), tell(end), report_card(table_of([*story, end], tmp_path)[1])]
    rows, _ = table_of(story, tmp_path / "alone")
    assert ("1.9", "") == (rows[-1]["val/loss"], rows[-1]["val/loss_se"])
    assert any("1.9" in line for line in words)
    assert not [line for line in words if re.search(r"\binf|± ?\d|not finite(?! \|)", line)]
