"""Grading: honest runs are exact, doctored ones are found, and what is done is not done again."""

import csv
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from class_grading import Class, changed, orders
from support.patience import PATIENCE
from support.shell import Answer

from rolltrain_tui.classroom.assignments import assignment as assignments
from rolltrain_tui.classroom.assignments import joined, submission
from rolltrain_tui.classroom.assignments.assignment import Assignment, AssignmentError
from rolltrain_tui.classroom.assignments.identity import seed_of
from rolltrain_tui.classroom.grading import children, examiner
from rolltrain_tui.classroom.grading.conformity import NotTheAssignment, conforming
from rolltrain_tui.classroom.grading.duplicates import Handed, flags
from rolltrain_tui.classroom.grading.gradebook import COLUMNS, MARKS, Row, as_csv, as_lines
from rolltrain_tui.classroom.grading.gradebook_page import as_page
from rolltrain_tui.classroom.grading.grading import Entry, Grader, files_in, one_each
from rolltrain_tui.classroom.grading.limits import Limits
from rolltrain_tui.classroom.grading.result import Result
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.events import CampaignBegan, CampaignEnded

TURNS = 8
pytestmark = pytest.mark.slow


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Examinations happen in this process, without limits, and are counted."""
    examined = []

    def forked(self: children.Children, folder: Path, more: str) -> int:
        examined.append(folder)
        found = examiner.reference(folder) if more else examiner.examine(folder)
        (folder / examiner.ANSWER).write_text(json.dumps(examiner.codec(type(found)).dump(found)))
        return 0

    monkeypatch.setattr(children.Children, "_forked", forked)
    return examined


def graded(room: Class, folder: Path, root: Path) -> dict[str, Row]:
    rows = Grader(room.asked, root).rows(files_in(folder), lambda name, done, of: None)
    return {row.name: row for row in rows}


def test_a_class_is_graded(room: Class, anna: Path, tmp_path: Path, here: list[Path]) -> None:
    """An honest run, a forged value, a forged name, another seed, a copy and no archive at all: one row each, and nothing is done twice."""
    folder = tmp_path / "in"
    folder.mkdir()
    forged = room.forge(room.play("Bo", orders(2, TURNS)), changed(CampaignEnded, value=1.0))
    copied = room.forge(anna, changed(CampaignBegan, seed=seed_of(room.asked.id, "Copied")))
    for name, run in (("Anna", anna), ("Bo", forged), ("Carl", anna), ("Copied", room.campaign(copied, "seed: ", "seed: "))):
        submission.pack(run, folder / f"{name}.zip", room.asked.id, name)
    (folder / "report.docx").write_bytes(b"PK\x03\x04 no archive")
    rows = graded(room, folder, tmp_path / "kept")
    assert {name: row.result.outcome for name, row in rows.items()} == {
        "Anna": "exact",
        "Bo": "contradicted",
        "Carl": "refused",
        "Copied": "refused",
        "report.docx": "refused",
    }
    assert "CampaignEnded.value: recorded 1.0" in rows["Bo"].result.reason
    assert "the run of somebody else" in rows["Carl"].result.reason
    assert "the same story as Anna" in rows["Carl"].alike
    assert "the same story as" in rows["Copied"].alike
    told = rows["Anna"].result
    assert (told.turn, told.turns, told.given, told.hero) == (TURNS, TURNS, 3, "Brakka, Barbarian")
    assert told.value is not None
    assert len(here) == 3  # the assignment itself, Anna and Bo
    assert graded(room, folder, tmp_path / "kept") == rows
    assert len(here) == 3


@pytest.mark.parametrize("name", ["mine.csv", "mine.txt"])
def test_a_class_that_was_given_a_table_as_its_text_is_graded_to_its_end(room: Class, name: str, tmp_path: Path) -> None:
    """By its assignment of before. Who would join now is told what is wrong, and nobody is who joins with a plain text."""
    given = campaign_file.load_text(room.asked.campaign, "the campaign", ("data.corpus=file", f"data.path={name}"))
    table = "word,count\n" + "\n".join(f"apple {number},{number}" for number in range(500))
    asked = replace(room.asked, campaign=campaign_file.dump(given), texts=(assignments.TextFile(name, table),), ghost=None)
    Grader(asked, tmp_path / "kept")._lay_out(tmp_path, asked.config)
    assert examiner.reference(tmp_path).seconds > 0
    if name == "mine.txt":
        asked.check_texts()
    else:
        with pytest.raises(AssignmentError, match=r"^'mine\.csv' is a table, not plain text, so .* Ask for one that is made anew"):
            asked.check_texts()


def test_the_newest_file_of_a_name_counts(room: Class, anna: Path, tmp_path: Path, here: list[Path]) -> None:
    """And the others are named."""
    for number, name in enumerate(("first.zip", "second.zip")):
        submission.pack(anna, tmp_path / name, room.asked.id, "ANNA" if number else "anna")
        os.utime(tmp_path / name, (1e9 + number, 1e9 + number))
    (row,) = graded(room, tmp_path, tmp_path.parent / "kept").values()
    assert (row.name, row.file, row.result.outcome) == ("ANNA", "second.zip", "exact")
    assert "The newest of 2 files under this name counts; the others: first.zip" in row.note


def test_a_refused_file_never_stands_in_for_a_good_one(tiny_config: Callable[..., CampaignConfig]) -> None:
    """The newest of the good ones counts, or where there is none the newest; every other is named."""

    def entry(name: str, received: float, good: bool) -> Entry:
        return Entry(Path(name), name, name, received, "Anna", config=tiny_config() if good else None)

    old, good, late = entry("old", 1.0, True), entry("good", 2.0, True), entry("late", 3.0, False)
    for best, same in ((good, (late, good, old)), (good, (old, good, late)), (late, (entry("early", 1.0, False), late))):
        ((chosen, note),) = one_each(same)
        assert chosen is best
        assert all(other.shown in note for other in same if other is not best)


def test_a_child_is_held_to_its_limits(room: Class, anna: Path, tmp_path: Path) -> None:
    """A real child: it answers, and one that takes too long or too much memory is refused with that reason."""
    grader = Grader(room.asked, tmp_path / "kept")
    path = tmp_path / "anna.zip"
    submission.pack(anna, path, room.asked.id, "Anna")
    outcomes = {}
    with children.Children(room.asked) as family:
        for name, limits in {
            "enough": Limits(PATIENCE, PATIENCE),
            "no time": Limits(PATIENCE, 0),
            "no memory": Limits(PATIENCE, PATIENCE, memory=1 << 20),
        }.items():
            folder = tmp_path / name
            folder.mkdir()
            submission.unpack(path, folder)
            grader._lay_out(folder, conforming(room.asked, (folder / "campaign.yaml").read_text(), seed_of(room.asked.id, "Anna")))
            found = family.examine(folder, limits)
            outcomes[name] = found.outcome, found.reason
    assert outcomes["enough"] == ("exact", "")
    assert outcomes["no time"][0] == "refused"
    assert "takes longer than" in outcomes["no time"][1]
    assert outcomes["no memory"][0] == "refused"
    assert "of memory" in outcomes["no memory"][1]


def test_what_may_differ_may_and_nothing_else(room: Class) -> None:
    """The hero may; a learning rate may not, unless the teacher says so, and then not without bounds. What decides no number is ours."""
    asked, seed = room.asked, seed_of(room.asked.id, "Anna")
    text = asked.campaign.replace("seed: 1\n", f"seed: {seed}\n")
    assert conforming(asked, text.replace("name: Brakka", "name: Ulf").replace("threads: 1", "threads: 64"), seed).hero.name == "Ulf"
    assert conforming(asked, text.replace("threads: 1", "threads: 64"), seed).model_dump()["device"]["threads"] == 1
    faster = text.replace("learning_rate: 0.002", "learning_rate: 0.004")
    with pytest.raises(NotTheAssignment, match=r"optimizer.learning_rate is 0.004, assigned is 0.002"):
        conforming(asked, faster, seed)
    free = Assignment(
        **{name: getattr(asked, name) for name in Assignment.__slots__} | {"free": ("hero.*", "optimizer.learning_rate", "turns")}
    )
    assert conforming(free, faster, seed).model_dump()["optimizer"]["learning_rate"] == 0.004
    with pytest.raises(NotTheAssignment, match="at most 10 times"):
        conforming(free, text.replace(f"turns: {TURNS}\n", "turns: 100000000\n"), seed)
    with pytest.raises(NotTheAssignment, match="somebody else"):
        conforming(asked, text, seed + 1)


def test_likenesses_are_flagged_from_five_orders_on() -> None:
    """Both names are told; four orders are too few to say."""
    four, five = tuple("abcd"), tuple("abcde")
    handed = [
        Handed("Anna", "1", "s1", five),
        Handed("Bo", "2", "s2", five),
        Handed("Carl", "3", "s3", four),
        Handed("Dora", "4", "s4", four),
    ]
    assert flags(handed) == {
        "Anna": "the same orders at the same turns as Bo",
        "Bo": "the same orders at the same turns as Anna",
    }
    same = [Handed("Anna", "1", "s1", five), Handed("Bo", "1", "s1", five)]
    assert flags(same)["Anna"] == "the same file as Bo"


def test_tables_hold_no_formula_no_markup_and_no_address(room: Class) -> None:
    """Whatever a stranger writes: in a spreadsheet it is text, and a page loads nothing."""
    evil = '=HYPERLINK("http://evil.example")<script>alert(1)</script>\x1b[31m\u202e'
    rows = [
        Row(evil, Result(outcome="contradicted", reason=evil, hero=f"@{evil}", value=float("nan"), ghost=1.0), 0.0, f"+{evil}", f"-{evil}")
    ]
    (head, told) = csv.reader(io.StringIO(as_csv(rows)))
    assert head == list(COLUMNS)
    assert not [value for value in told if value[:1] in tuple("=+-@\t\r")]
    page = as_page(rows, room.asked)
    assert "<script" not in page
    assert "\x1b" not in page
    assert not re.findall(r"(?:src|href|url|@import)\s*[=(]\s*[\"']?", page.replace("default-src", ""))
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("error", [None, float("inf"), float("nan")])
def test_an_error_that_nobody_knows_is_left_out(room: Class, error: float | None) -> None:
    """A value over a single example has no standard error: its cell in the spreadsheet is empty, and no ± follows the value."""
    rows = [Row("Ada", Result(outcome="exact", value=1.25, standard_error=error, turn=9, turns=9), 0.0, "ada.zip")]
    (told,) = csv.DictReader(io.StringIO(as_csv(rows)))
    assert (told["value"], told["standard error"]) == ("1.2500", "")
    body = as_page(rows, room.asked).partition("<tbody>")[2].partition("</tbody>")[0]
    for words in (*as_lines(rows), body):
        assert "1.2500" in words
        assert "±" not in words


def test_people_read_the_sign_for_minus_and_spreadsheets_the_hyphen(room: Class) -> None:
    rows = [Row("Ada", Result(outcome="exact", value=1.25, ghost=1.5, standard_error=0.1, turn=9, turns=9), 0.0, "ada.zip")]
    (told,) = csv.DictReader(io.StringIO(as_csv(rows)))
    assert told["against plain"] == "-0.2500"
    assert all("−0.2500" in words and "-0.2500" not in words for words in ("".join(as_lines(rows)), as_page(rows, room.asked)))


def test_files_without_a_name_are_no_students(room: Class, anna: Path, tmp_path: Path, here: list[Path]) -> None:
    """They stand below the students, by their path, with their reason; the page counts them apart."""
    folder = tmp_path / "in"
    (folder / "a mail").mkdir(parents=True)
    submission.pack(anna, folder / "anna.zip", room.asked.id, "Anna")
    (folder / "a mail" / "broken.zip").write_bytes((folder / "anna.zip").read_bytes()[:999])
    (folder / "a.txt").write_text("Bo was ill")
    rows = list(graded(room, folder, tmp_path / "kept").values())
    assert [(row.name, row.nameless) for row in rows] == [("Anna", False), ("a mail/broken.zip", True), ("a.txt", True)]
    assert "<p>1 student: 1 exact; and 2 files without a name. Assignment" in as_page(rows, room.asked)
    assert "<p>0 students; and 1 file without a name. Assignment" in as_page(rows[1:2], room.asked)
    assert [told["name"] for told in csv.DictReader(io.StringIO(as_csv(rows)))] == ["Anna", "", ""]


def test_the_page_explains_its_verdicts_and_columns(room: Class) -> None:
    """A teacher reads what stands in each, below the table; on paper no column is cut off."""
    page = as_page([Row("Ada", Result(outcome=outcome), 0.0, "ada.zip") for outcome in MARKS], room.asked)
    assert page.index("<body>\n<main>\n<h1>") < page.index("<table>") < page.index("</main>\n</body>"), "its main part is a landmark"
    heads, below = re.findall(r"<th [^>]*>([^<:]+)", page), page.partition("</table>")[2].lower()
    assert len(heads) == 9
    for word in (*(head.partition(" (")[0] for head in heads if head not in ("Student", "Verdict")), *MARKS):
        assert f"{word.lower()}:" in below
    assert re.search(r"@media print \{.*\.wide \{ overflow: visible; \}", page)


def test_the_verbs_from_assignment_to_table(
    tmp_path: Path, call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, here: list[Path]
) -> None:
    """Each step says the next one; bad input is answered with what to do."""
    monkeypatch.chdir(tmp_path)
    small = [word for value in SMALL for word in ("--set", value)]
    monkeypatch.setattr("rolltrain_tui.classroom.grading.limits.SPARE", 1e6)  # no test asserts on wall-clock time
    new = ("--steps", 4, *small, "--set", "verification.tolerance=null")
    made = call("class", "new", "tutorial", "auto.class", *new, "--set", "device.dtype=auto")
    assert (made.code, "--set device.dtype=float32" in made.err, "No tolerance is known" in made.err) == (0, True, True)
    assert call("class", "new", "tutorial", "hw.class", *new).code == 0  # in one dtype: a clock chooses the other
    assert call("class", "new", "tutorial", "hw.class").code == 2
    assert call("class", "new", "tutorial", "x.class", "--free", "no.such").code == 2
    for verb in ("train", "check"):
        answer = call(verb, "hw.class")
        assert (answer.code, "rolltrain class join hw.class --name NAME" in answer.err) == (2, True)
    answer = call("class", "join", "hw.class", "--name", "../Anna\x1b")
    assert (answer.code, answer.out.strip()) == (0, "the-first-lesson-anna.yaml")
    assert "The name stands in the table as Anna: " in answer.err
    assert "rolltrain play the-first-lesson-anna.yaml" in answer.err
    answer = call("train", "the-first-lesson-ana.yaml")
    assert (answer.code, "did you mean 'the-first-lesson-anna.yaml'?" in answer.err) == (2, True)
    assert call("class", "join", "hw.class", "--name", "anna").code == 2
    assert call("class", "join", "hw.class", "--name", "..").code == 2
    assert call("train", "the-first-lesson-anna.yaml", "--out", tmp_path / "runs").code == 0
    (run,) = (path for path in (tmp_path / "runs").iterdir() if path.name.startswith("the-first"))
    assert call("class", "submit", run, "--name", "Anna").code == 2
    assert call("class", "submit", run, "in.zip", "--assignment", "hw.class", "--name", "Bo").code == 2
    (tmp_path / "in").mkdir()
    assert call("class", "grade", "in", "--assignment", "hw.class").code == 2
    assert call("class", "submit", "--out", tmp_path / "empty").code == 2
    assert call("class", "submit", run, tmp_path / "in" / "anna.zip").code == 0
    assert call("class", "grade", "in", "--assignment", "none.class").code == 2
    (tmp_path / "in" / "notes.txt").write_text("not an archive")
    answer = call("class", "grade", "in", "--assignment", "hw.class", "--csv", "t.csv", "--html", "t.html")
    assert (answer.code, "✔ Anna" in answer.out, "· notes.txt" in answer.out) == (1, True, True)
    (tmp_path / "in" / "notes.txt").unlink()
    again = call("class", "grade", "in", "--assignment", "hw.class")  # what is done is kept, so nothing is said to be trained
    assert (again.code, "Grading 1 submission: what was not graded before is trained again" in again.err) == (0, True)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert call("class", "grade", "in", "--assignment", "hw.class").code == 0
    assert [row["verdict"] for row in csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text("utf-8-sig")))]
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbf")  # or Excel takes another encoding == ["exact", "refused"]


def test_a_student_hears_before_handing_in_what_grading_would_say(
    room: Class, anna: Path, tmp_path: Path, call: Callable[..., Answer]
) -> None:
    """Other settings, a damaged story and a file that is there are mistakes with a remedy; a run that stops early is handed in and told."""
    seed = seed_of(room.asked.id, "Anna")
    joined.remember(tmp_path, joined.Joined(room.asked.id, room.asked.title, "Anna", seed), room.asked)

    def submit(run: Path, file: str = "anna.zip") -> Answer:
        return call("class", "submit", run, tmp_path / file, "--out", tmp_path)

    other = submit(room.campaign(anna, f"turns: {TURNS}", "turns: 9"))
    assert (other.code, "turns is 9, assigned is 8" in other.err) == (2, True)
    damaged = room.campaign(anna, "seed: ", "seed: ")
    story = (damaged / "chronicle.jsonl").read_bytes().splitlines(keepends=True)
    (damaged / "chronicle.jsonl").write_bytes(b"".join([*story[:9], b"x" + story[9][1:], *story[10:]]))
    answer = submit(damaged)
    assert (answer.code, f"{damaged / 'chronicle.jsonl'}: line 10 is damaged" in answer.err) == (2, True)
    assert not (tmp_path / "anna.zip").exists()
    short = room.forge(anna, lambda event: [] if isinstance(event, CampaignEnded) or event.turn == TURNS else [event])
    answer = submit(short)
    assert (answer.code, f"turn {TURNS - 1} of {TURNS}" in answer.err) == (0, True)
    answer = submit(anna)
    assert (answer.code, "Name another file" in answer.err) == (2, True)
    answer = submit(anna, "whole.zip")
    assert (answer.code, "not finished" in answer.err) == (0, False)


def test_a_run_of_another_campaign_is_named_beside_the_one_joined(
    room: Class, anna: Path, tmp_path: Path, call: Callable[..., Answer]
) -> None:
    """With a seed that nobody joined with, with a name that says otherwise, with the right seed, and where no run is here at all."""
    seed, title = seed_of(room.asked.id, "Anna"), room.asked.title
    joined.remember(tmp_path, joined.Joined(room.asked.id, title, "Anna", seed), room.asked)
    (tmp_path / "hw.class").write_bytes(assignments.dump(room.asked))
    other, same = (room.forge(anna, changed(CampaignBegan, campaign="The Hot Forge", seed=own)) for own in (seed + 1, seed))
    answers = [
        call("class", "submit", other, "--out", tmp_path),
        call("class", "submit", other, "--assignment", tmp_path / "hw.class", "--name", "Anna", "--out", tmp_path),
        call("class", "submit", room.campaign(same, f"turns: {TURNS}", "turns: 9"), "--out", tmp_path),
        call("class", "submit", "--out", tmp_path),
    ]
    for number, answer in enumerate(answers, 1):
        assert answer.code == 2
        assert f"'{title}'" in answer.err
        assert "Anna" in answer.err
        assert "`rolltrain class join` wrote" in answer.err
        assert ("'The Hot Forge'" in answer.err) == (number < 4)


def test_the_table_on_the_terminal_says_where_a_run_stopped() -> None:
    """A value after a tenth of the turns is another thing than one at the end."""
    whole, short = (Row("Anna", Result(outcome="exact", value=2.0, turn=turn, turns=600), 0.0, "a.zip") for turn in (600, 25))
    assert len(as_lines([whole])) == 1
    assert "after turn 25 of 600" in as_lines([short])[1]


SMALL = (
    "model.n_embd=16",
    "model.n_layer=1",
    "evaluation.final_sequences=8",
    "evaluation.sequences=8",
    "schedule.warmup_turns=1",
    "twin.mode=off",
)


def test_a_damaged_or_newer_assignment_says_so(room: Class, tmp_path: Path) -> None:
    """Nothing of it is used."""
    path = tmp_path / "hw.class"
    assignments.write(path, room.asked)
    assert assignments.read(path) == room.asked
    for before, after, word in (
        ('"format_version":1', '"format_version":2', "newer"),
        (room.asked.id, "../x", "its id"),
        ('"texts":[]', '"texts":[{"path":"../evil","text":""}]', "texts"),
        ("turns: ", "turn: ", "turn"),
    ):
        (tmp_path / "bad.class").write_text(path.read_text().replace(before, after, 1))
        with pytest.raises(AssignmentError, match=word):
            assignments.read(tmp_path / "bad.class")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("none.txt", "carries texts beside its campaign"),
        ("a b.txt", "carries texts beside its campaign"),
        ("latin.txt", "no UTF-8 text"),
        ("long.txt", "MB of text at most"),
    ],
)
def test_a_text_that_an_assignment_cannot_carry_is_refused(
    source: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is not there, one whose name is not plain everywhere, one in another encoding, one that is too long."""
    from support.paths import CAMPAIGNS

    folder = tmp_path / "class"
    folder.mkdir()
    campaign = Path(shutil.copy(CAMPAIGNS / "own_text.yaml", folder))
    for name, data in (("a b.txt", b"Ale. " * 99), ("latin.txt", b"\xe4le. " * 99), ("long.txt", b"Ale. " * 999)):
        (folder / name).write_bytes(data)
    monkeypatch.setattr(assignments, "MOST_TEXT", 2000)
    with pytest.raises(AssignmentError, match=words):
        assignments.new(campaign, (f"data.path={source}",), assignments.FREE)


def test_a_campaign_with_a_text_of_its_own_travels_whole(tmp_path: Path) -> None:
    """The text lies beside the campaign that a student gets."""
    from support.paths import CAMPAIGNS

    asked = assignments.new(CAMPAIGNS / "own_text.yaml", (), assignments.FREE)
    assert [file.path for file in asked.texts] == ["texts/handbook.txt"]
    path = asked.lay_out(tmp_path, asked.campaign, "own")
    assert (tmp_path / "texts" / "handbook.txt").read_bytes() == (CAMPAIGNS / "texts" / "handbook.txt").read_bytes()
    assert path.is_file()
    assert asked.ghost is not None
    assignments.write(tmp_path / "own.class", replace(asked, texts=()))
    with pytest.raises(AssignmentError, match="not those that its campaign reads"):
        assignments.read(tmp_path / "own.class")
