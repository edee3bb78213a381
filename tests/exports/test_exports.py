"""Exports: what a run's chronicle says, in the forms of other tools, exactly and whatever stands in it."""

import csv
import json
import subprocess
import sys
import tracemalloc
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from math import inf, isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lists import of_any_length
from support.shell import Answer

from rolltrain_tui.base.safe_text import cell
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.exports.card import report_card
from rolltrain_tui.exports.curve import CAPACITY, Curve, Lane
from rolltrain_tui.exports.fairness import fairness, upper_gamma
from rolltrain_tui.exports.figures import draw
from rolltrain_tui.exports.metrics import METRICS, MetricRecorder, TurnMetrics
from rolltrain_tui.exports.summary import RunSummary
from rolltrain_tui.exports.terminal import CHARTS, charts
from rolltrain_tui.plain.run import PlainOptions, play
from rolltrain_tui.protocol.events import (
    ENDLESS,
    AbilityUsed,
    CampaignBegan,
    CampaignEnded,
    DiceRolled,
    Evaluated,
    Event,
    GhostPoint,
    GhostSeen,
    MonsterAppeared,
    MonsterFell,
    SettingsChanged,
    StepTaken,
    TwinJudged,
)
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.run import Run


def began(turns: int = 100, **more: object) -> CampaignBegan:
    known: dict[str, object] = {
        "campaign": "A <b>bold</b> | campaign", "kind": "supervised", "seed": 7, "turns": turns, "rulebook": "hero", "die": 20, "dc": 12,
        "sheet": Sheet(name="Brakka", hero_class="barbarian", hp=14, max_hp=14, next_level_xp=1000, expected_k=0.9),
        "objective": Objective(limit=0.6), "parameters": 1234, "model": "1,234 weights, 40 tokens", "device": "cpu",
        "dtype": "float32",
    }  # fmt: skip
    return CampaignBegan(turn=0, **(known | more))  # type: ignore[arg-type]


def rolled(turn: int, face: int, k: float = 1.0) -> DiceRolled:
    return DiceRolled(turn, 20, (face,), face, 2, face + 2, 12, "hit", k)


def stepped(turn: int, loss: float = 2.0, k: float = 1.0) -> StepTaken:
    return StepTaken(turn, loss, 2.0, 0.5, 1e-3, k, k, 0.1, 0.1 * k, 64, 0.5 * turn, loss == loss, ("update_scale",))


def metrics_of(events: Iterable[Event], summary: RunSummary | None = None) -> Iterator[TurnMetrics]:
    """The metrics of each turn, as soon as it is over; `summary` hears the events and turns too."""
    recorder, summary = MetricRecorder(), summary or RunSummary()
    for event in events:
        summary.hear(event)
        if (metrics := recorder.take(event)) is not None:
            summary.add(metrics)
            yield metrics
    if (metrics := recorder.close()) is not None:
        summary.add(metrics)
        yield metrics


def summary_of(events: Iterable[Event]) -> RunSummary:
    summary = RunSummary()
    for _ in metrics_of(events, summary):
        pass
    return summary


def story(turns: int) -> Iterator[Event]:
    """A long run with everything in it."""
    yield began(turns)
    yield Evaluated(0, 4.0, 0.1, 4.0, 4.0, True)
    for turn in range(1, turns + 1):
        if turn % 10 == 1:
            yield AbilityUsed(turn, "rage", "", turn % 20 == 1, 1.5, 3, 1)
        yield rolled(turn, turn % 20 + 1, 1.5)
        yield stepped(turn, 4.0 / turn if turn % 97 else nan, 1.5)
        if turn % 40 == 20:
            yield MonsterAppeared(turn, "loss_dragon", "5", 100, 15, "chance")
        if turn % 40 == 35:
            yield MonsterFell(turn, "loss_dragon", 1800)
        if turn % 25 == 0:
            yield Evaluated(turn, 3.0, 0.1, 3.0, 3.0, False)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., CampaignConfig]) -> Path:
    """A run of two dozen real turns, with an ability and monsters."""
    wishes = ("turns=24", "encounters={mode: random, chance: 1.0, effects: real, bestiary: [loss_dragon]}", "hero.auto=[rage]", "dice.dc=1")
    root = tmp_path_factory.mktemp("runs")
    code, _ = play(Run.begin(tiny_config(*wishes), base=root, runs=root), PlainOptions(), [])
    assert code == 0
    return next(path for path in root.iterdir() if path.is_dir())


def test_entries_say_what_the_events_say(played: Path) -> None:
    """Turn by turn the metrics hold the steps' and evaluations' own numbers; the roll-scaled loss is their loss times their k."""
    events = list(event_log.read(played / "chronicle.jsonl"))
    book = {metrics.turn: metrics for metrics in metrics_of(events)}
    steps = [event for event in events if isinstance(event, StepTaken)]
    assert list(book) == list(range(25))
    for step in steps:
        numbers = book[step.turn].numbers
        assert (numbers["train/loss"], numbers["lr"], numbers["grad_norm"]) == (step.loss, step.lr, step.grad_norm)
        assert (numbers["k/asked"], numbers["k/felt"]) == (step.k_requested, step.k_effective)
        assert numbers["train/loss_rolled"] == step.loss * step.k_requested
    assert book[24].numbers["perf/tokens"] == sum(step.tokens for step in steps)
    evaluations = {event.turn: event.value for event in events if isinstance(event, Evaluated)}
    assert {turn: metrics.numbers["val/loss"] for turn, metrics in book.items() if "val/loss" in metrics.numbers} == evaluations
    assert {name for metrics in book.values() for name in metrics.numbers} <= set(METRICS)


def test_an_ability_is_in_force_for_its_turns() -> None:
    """Used for three turns it stands in three entries; a monster stands in those after it came."""
    uses: list[Event] = [began(), AbilityUsed(2, "rage", "", True, 1.5, 3, 1)]
    uses += [stepped(turn) for turn in range(2, 7)]
    assert [metrics.abilities for metrics in metrics_of(uses)] == [("rage",)] * 3 + [()] * 2
    foes: list[Event] = [began(), stepped(1), MonsterAppeared(1, "loss_dragon", "5", 100, 15, ""), stepped(2), stepped(3)]
    foes += [MonsterFell(3, "loss_dragon", 1), stepped(4)]
    assert [metrics.monster for metrics in metrics_of(foes)] == ["", "loss_dragon", "loss_dragon", ""]


def test_the_card_names_every_monster_and_ability_and_tells_what_mattered() -> None:
    """Met and slain by their number; the abilities beside a twin that walked without any; one line for a foe that fell often."""
    twin = TwinJudged(401, "", 1, 20, -0.1, 0.01, "helped", 5.0)
    summary = summary_of([*story(400), twin])
    fell = [event for event in story(400) if isinstance(event, MonsterFell)]
    assert list(summary.moments) == fell[:1]
    card = report_card(summary)
    assert f"| Loss Dragon | {len(fell)} | {len(fell)} |" in card
    assert "| Rage | 20 | 20 |" in card
    told = [line.split(":")[0] for line in card.partition("## Moments")[2].splitlines() if line]
    assert told == ["Of each monster its first fall.", f"- turn {fell[0].turn}"]


@pytest.mark.slow
@pytest.mark.slow
def test_card_and_picture_name_what_the_run_is_held_against_and_tell_its_end_apart_from_its_judgement() -> None:
    """A duel is held against a player, not against plain training; "victory" is an event's word for having come to the end."""
    par = Objective(name="share", of_loss=False, par="Zeillinger")
    ghost = GhostSeen(0, 7, (GhostPoint(0, 0.2, 0.2, 0.01), GhostPoint(10, 0.2, 0.2, 0.01)))
    way = [began(10, objective=par), ghost, rolled(10, 12), stepped(10), Evaluated(10, 0.6, 0.01, 0.6, 0.6, True)]
    summary = summary_of([*way, CampaignEnded(10, "victory", 1.0, 0.6, 0.01, 0.6, Sheet(), 1.0)])
    card = report_card(summary)
    (picture,) = (drawn.decode() for drawn in draw(summary, ["svg"]).values())
    assert "| how it ended | played to the end |" in card
    assert "| judgement beside Zeillinger | lost: +0.4000 ± 0.0141 |" in card
    assert "| Zeillinger (ghost) at that turn | 0.2000 |" in card
    assert "ghost: Zeillinger" in picture
    assert "plain training" not in card + picture


def test_a_card_says_that_nothing_is_recorded_to_compare_with() -> None:
    """In words, not by the name that programs use."""
    summary = summary_of([began(10), rolled(10, 12), stepped(10), CampaignEnded(10, "victory", 1.0, 0.6, 0.01, 0.6, Sheet(), 1.0)])
    assert "| no plain training of these settings is recorded, so nothing was won or lost |" in report_card(summary)


def test_export_writes_every_form(played: Path, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """One call, all forms: a table with a row a turn, pictures, a card, and events that TensorBoard's own reader finds whole."""
    out, board = tmp_path / "out", tmp_path / "board"
    answer = call("export", played, "--csv", "--png", "--svg", "--report", "--tensorboard", board, "--out", out, "--json")
    assert answer.code == 0, answer.err
    assert sorted(path.name for path in out.iterdir()) == ["report.md", "run.png", "run.svg", "turns.csv"]
    assert len(json.loads(answer.out)["written"]) == 5
    book = {metrics.turn: metrics for metrics in metrics_of(event_log.read(played / "chronicle.jsonl"))}
    with (out / "turns.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["turn"]) for row in rows] == list(book)
    for row, metrics in zip(rows, book.values(), strict=True):
        assert {name: float(row[name]) for name in METRICS if row[name]} == metrics.numbers
    assert (out / "run.png").read_bytes().startswith(b"\x89PNG")
    script = (
        "import json, sys\n"
        "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
        "board = EventAccumulator(sys.argv[1]); board.Reload()\n"
        "print(json.dumps({tag: [(e.step, e.value) for e in board.Scalars(tag)] for tag in board.Tags()['scalars']}))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script, str(board)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {name for metrics in book.values() for name in metrics.numbers}
    for tag, points in found.items():
        assert dict(map(tuple, points)) == pytest.approx({e.turn: e.numbers[tag] for e in book.values() if tag in e.numbers}, rel=1e-6)


@pytest.mark.slow
def test_bare_export_twice(played: Path, tmp_path: Path, call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch):
    """Bare it writes table, picture and card into a folder here; the same run gives the same bytes."""
    monkeypatch.chdir(tmp_path)
    assert call("export", played).code == 0
    folder = tmp_path / f"export-{played.name}"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(first) == {"turns.csv", "run.png", "report.md"}
    assert call("export", played / "chronicle.jsonl").code == 0
    assert first == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_damaged_chronicle_is_exported_up_to_the_damage(played: Path, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """What can be read is written; the rest is told, and the exit code says that not all is there."""
    lines = (played / "chronicle.jsonl").read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(b"".join(lines[:half]) + b'{"crc":"00000000","n":1}\n' + b"".join(lines[half:]))
    answer = call("export", torn, "--csv", "--out", tmp_path / "out")
    assert answer.code == 1
    assert f"line {half + 1} is damaged" in answer.err
    assert len((tmp_path / "out" / "turns.csv").read_text("utf-8").splitlines()) > 3


@pytest.mark.parametrize("words", ["export nowhere", "plot nowhere", "export README.md", "export tests"])
def test_what_is_no_run_is_said(words: str, call: Callable[..., Answer]) -> None:
    """Exit 2 and a sentence, nothing written."""
    answer = call(*words.split())
    assert (answer.code, answer.out) == (2, "")
    assert answer.err


class FakeWandb:
    """What the W&B library was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, object] = {}
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.finished = 0

    def Settings(self, **settings: object) -> dict[str, object]:  # noqa: N802 - its name
        return settings

    def init(self, **asked: object) -> "FakeWandb":
        self.asked = asked
        return self

    def log(self, values: dict[str, float], step: int) -> None:
        self.logged.append((step, values))

    def finish(self, exit_code: int = 0) -> None:
        self.finished += exit_code == 0


def test_wandb_is_asked_for_an_offline_run(
    played: Path, tmp_path: Path, call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never but offline, into the folder that was named, with the campaign as its configuration and every turn at its step."""
    wandb = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    assert call("export", played, "--wandb-offline", tmp_path / "w").code == 0
    assert (wandb.asked["mode"], wandb.asked["dir"], wandb.finished) == ("offline", str(tmp_path / "w"), 1)
    assert wandb.asked["config"]["turns"] == 24  # type: ignore[index]
    book = {metrics.turn: metrics.numbers for metrics in metrics_of(event_log.read(played / "chronicle.jsonl"))}
    assert dict(wandb.logged) == book


def test_missing_libraries_are_named(played: Path, tmp_path: Path, call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an extra its form is refused with the command that installs it, and the default goes on without pictures."""
    for name in ("tensorboard.compat.proto.event_pb2", "wandb", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)
    for option, extra in (("--tensorboard", "tensorboard"), ("--wandb-offline", "wandb")):
        answer = call("export", played, option, tmp_path / extra)
        assert (answer.code, f"'rolltrain-tui[{extra}]'" in answer.err) == (2, True)
    assert "[plots]" in call("export", played, "--png", "--out", tmp_path / "a").err
    answer = call("export", played, "--out", tmp_path / "b")
    assert (answer.code, sorted(path.name for path in (tmp_path / "b").iterdir())) == (0, ["report.md", "turns.csv"])


@pytest.mark.parametrize("absent", ["tensorboard.compat.proto.event_pb2", "wandb", "matplotlib"])
def test_a_missing_library_is_known_before_the_first_file_is_written(
    absent: str, played: Path, tmp_path: Path, call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several forms none is written where one of them cannot be."""
    monkeypatch.setitem(sys.modules, "wandb", FakeWandb())
    monkeypatch.setitem(sys.modules, absent, None)
    places = [word for form in ("tensorboard", "wandb-offline", "out") for word in (f"--{form}", tmp_path / form)]
    assert call("export", played, "--csv", "--png", *places).code == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["--tensorboard", "--out"])
def test_a_story_without_a_turn_leaves_no_file(form: str, played: Path, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """Neither events nor a table."""
    beginning = tmp_path / "begun.jsonl"
    beginning.write_bytes((played / "chronicle.jsonl").read_bytes().partition(b"\n")[0] + b"\n")
    answer = call("export", beginning, form, tmp_path / "there")
    assert (answer.code, "no turn" in answer.err) == (2, True)
    assert not list((tmp_path / "there").iterdir())


def test_the_picture_too_leaves_out_the_loss_after_the_roll(played: Path, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """Nothing trains on it, and its dots would stretch the axis; the table has it."""
    assert call("export", played, "--svg", "--csv", "--out", tmp_path).code == 0
    words = "\n".join(ET.fromstring((tmp_path / "run.svg").read_bytes()).itertext())
    assert ("raw loss of the batch" in words, "roll-scaled" in words) == (True, False)
    assert "train/loss_rolled" in (tmp_path / "turns.csv").read_text("utf-8").splitlines()[0]


@pytest.mark.parametrize("what", [*CHARTS, "all"])
def test_plot_fits_the_width(what: str, played: Path, call: Callable[..., Answer]) -> None:
    """Each chart keeps to the columns it was given, and brings no escape codes into a pipe."""
    answer = call("plot", played, "--what", what, "--width", 70)
    assert answer.code == 0
    assert "\x1b" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 70


def test_the_axis_of_k_has_even_numbers() -> None:
    """Multiples of a half or a whole, without a negative zero, and the curve lies between them."""
    for ks, ticks in (
        ([0.0, 0.4], ["0.5", "0"]),
        ([-0.02, 1.6], ["2", "1.5", "1", "0.5", "0", "−0.5"]),
        ([-4.0, 9.0], ["12", "8", "4", "0", "−4"]),
    ):
        summary = summary_of([began(), *(stepped(turn, k=k) for turn, k in enumerate(ks, 1))])
        labels = [line.partition("┤")[0].strip() for line in charts(summary, "k", 60, 24, colour=False).splitlines() if "┤" in line]
        assert ticks == labels


@pytest.mark.parametrize("height", range(8, 26))
def test_the_axis_of_k_has_a_row_for_each_number(height: int) -> None:
    """On a low chart there are fewer numbers, evenly apart, and none is written over another."""
    summary = summary_of([began(), *(stepped(turn, k=k) for turn, k in enumerate([-0.2, 2.3], 1))])
    labels = [line.partition("┤")[0].strip() for line in charts(summary, "k", 60, height, colour=False).splitlines() if "┤" in line]
    numbers = [float(label.replace("−", "-")) for label in labels]
    assert len({high - low for high, low in pairwise(numbers)}) == 1
    assert numbers[-1] <= -0.2 < 2.3 <= numbers[0]


@pytest.mark.parametrize(("what", "words"), [("loss", "─ floor"), ("k", "line felt"), ("dice", "too few to judge")])
def test_a_narrow_chart_tells_what_it_shows(what: str, words: str, played: Path, call: Callable[..., Answer]) -> None:
    """Its head takes a second line where one is too short."""
    told = call("plot", played, "--what", what, "--width", 40).out.splitlines()
    assert words in " ".join(" ".join(told[:2]).split())
    assert max(map(len, told)) <= 40


def test_the_loss_after_the_roll_is_drawn_only_when_asked_for(played: Path, call: Callable[..., Answer]) -> None:
    """Nothing trains on it, and it would stretch the axis."""
    plain, rolled = (call("plot", played, "--what", "loss", *more).out for more in ((), ("--rolled",)))
    assert (False, True) == ("roll-scaled" in plain, "roll-scaled" in rolled)


@pytest.mark.slow
@pytest.mark.parametrize("loss", [nan, inf, -inf, 1e308, 0.0])
def test_any_loss_can_be_drawn(loss: float) -> None:
    """Runs that burst, at once or in the middle, have pictures, charts and a card like any other."""
    middle = [began(), *(stepped(turn, loss if turn > 3 else 2.0) for turn in range(1, 7))]
    for events, kinds in (([began(), stepped(1, loss)], ["png"]), (middle, ["svg"])):
        summary = summary_of(events)
        assert set(draw(summary, kinds)) == {f"run.{kind}" for kind in kinds}
        assert charts(summary, "all", 60, 12, colour=False)
        assert "report card" in report_card(summary)


@pytest.mark.slow
def test_memory_stays_bounded() -> None:
    """A run ten times as long takes no more memory, and loses no extreme and no turn."""
    peaks = []
    for turns in (600, 6000):
        tracemalloc.start()
        summary = summary_of(story(turns))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]
    assert max(bin_.high for bin_ in summary.curves["train/loss"].bins) == 4.0
    assert sum(summary.counts) == 6000
    assert (summary.abilities["rage"].turns, summary.abilities["rage"].uses, summary.slain["loss_dragon"]) == (1800, 300, 150)
    assert summary.not_finite == 6000 // 97


@given(of_any_length(lambda dice: dice.uniform(-1e6, 1e6), 2000), st.integers(1, 300))
def test_trends_keep_the_mean(values: list[float], points: int) -> None:
    """However far a curve is thinned, its mean and its extremes are those of all values, and it is never longer than it may be."""
    curve = Curve()
    for turn, value in enumerate(values):
        curve.add(turn, value)
    assert curve.coarse(1)[1] == pytest.approx([sum(values) / len(values)], abs=1e-6)
    assert (min(s.low for s in curve.bins), max(s.high for s in curve.bins)) == (min(values), max(values))
    assert len(curve.bins) <= CAPACITY
    assert {bin_.count for bin_ in curve.bins[:-1]} <= {curve.size}
    turns, means = curve.coarse(points)
    assert len(turns) == len(means) <= points
    assert all(before < after for before, after in pairwise(turns))


@given(st.sets(st.integers(1, 5000), min_size=1), st.sampled_from([0, 1, 2, 7]))
def test_lanes_hold_every_turn(turns: set[int], every: int) -> None:
    """Every turn lies in a span, spans are no more than may be and apart by more than the slack, and the count is exact."""
    turns = turns | set(range(1, 1 + CAPACITY * every * 2, 2))
    lane = Lane()
    for turn in sorted(turns):
        lane.add(turn)
    assert all(any(first <= turn <= last for first, last in lane.spans) for turn in turns)
    assert all(after[0] - before[1] > lane.slack + 1 for before, after in pairwise(lane.spans))
    assert len(lane.spans) <= CAPACITY
    assert lane.turns == len(turns)
    if not every:
        gaps = sum(after - before > 1 for before, after in pairwise(sorted(turns)))
        assert lane.slack == 0 or gaps >= CAPACITY


def test_a_session_without_an_end_shows_each_use_apart() -> None:
    """However many turns it may take, a time line is of those that it took."""
    told: list[Event] = [began(ENDLESS)]
    for turn in range(1, 100):
        told += [AbilityUsed(turn, "rage", "", True, 1.5, 1, 1)] if turn % 20 == 0 else []
        told += [stepped(turn)]
    assert summary_of(told).lanes["rage"].spans == [(turn, turn) for turn in (20, 40, 60, 80)]


@pytest.mark.parametrize(
    ("degrees", "x", "p"), [(19, 30.14353, 0.05), (19, 36.19087, 0.01), (1, 3.841459, 0.05), (3, 0.3518463, 0.95), (99, 123.2252, 0.05)]
)
def test_upper_gamma_against_tables(degrees: int, x: float, p: float) -> None:
    """The chi-square points of the printed tables."""
    assert upper_gamma(degrees / 2, x / 2) == pytest.approx(p, rel=1e-4)


def test_a_loaded_die_is_seen() -> None:
    """A fair count passes, a loaded one does not, and too few dice are not judged."""
    assert fairness([20] * 20).p == 1.0
    assert fairness([60, *[18] * 19]).p < 0.05
    assert isnan(fairness([4] * 20).p)
    found = fairness([18, 24, 26, 32])  # chi-square 100 / 25 = 4 on 3 degrees
    assert (found.chi_square, found.degrees, found.p) == pytest.approx((4.0, 3, 0.2614641), rel=1e-6)


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@x", " =1", "\t=1", "a\nb", "\x1b[2J", "plain"])
def test_cells_are_never_formulas(text: str) -> None:
    """No text of a chronicle begins a formula in a spreadsheet or steers a terminal."""
    assert cell(text).isprintable()
    assert cell(text).lstrip()[:1] not in "=+-@"
    assert cell("plain") == "plain"


def test_foreign_words_stay_words() -> None:
    """A campaign's name cannot bring tags, tables or pictures into the card."""
    card = report_card(summary_of([began(campaign="<img src=x> | ![a](b) \x1b[2J"), stepped(1)]))
    assert "\\<img src=x\\> \\| \\!\\[a\\](b)" in card
    assert "\x1b" not in card


@pytest.mark.slow
def test_a_name_with_dollar_signs_is_drawn_as_it_is() -> None:
    """It begins no formula: neither a wrong one, which could not be drawn, nor a right one."""
    (picture,) = draw(summary_of([began(campaign="from $\\frac{ to $5, $x_1$"), stepped(1)]), ["svg"]).values()
    assert "from $\\frac{ to $5, $x_1$" in picture.decode()
    assert "from \\$\\\\frac\\{ to \\$5" in report_card(summary_of([began(campaign="from $\\frac{ to $5"), stepped(1)]))


@pytest.mark.slow
def test_exports_load_no_torch(played: Path) -> None:
    """A chronicle is read without the library that made it."""
    script = (
        "import sys; from rolltrain_tui.cli.main import main\n"
        f"sys.argv = ['rolltrain', 'plot', {str(played)!r}]\n"
        "try: main()\nexcept SystemExit as left: code = left.code\n"
        "print(code, [name for name in ('torch', 'textual', 'matplotlib') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "0 []"


def test_the_card_knows_the_settings_that_the_run_went_on_with() -> None:
    """It counts the turns that were asked for last, tells what was changed, and judges the die that is cast now alone."""
    changed = SettingsChanged(1, (("dice.die", '"d20"', '"d6"'),), 200, "hero", 6, 4, began().sheet)
    small = DiceRolled(2, 6, (5,), 5, 0, 5, 4, "hit", 1.0)
    summary = summary_of([began(), rolled(1, 5), stepped(1), changed, small, stepped(2)])
    card = report_card(summary)
    assert "| turns | 2 of 200 |" in card
    assert "- turn 1: Other settings from here on: dice.die" in card
    assert "On the d6: 1 die" in card
    assert summary.counts == [0, 0, 0, 0, 1, 0]
