"""A class of thirty hands in, and is graded: honest runs, other kinds of CPU, eleven forgeries, a copy, and two runs that would take years.

    python tests/benchmarks/class_grading.py [FOLDER]

"Another kind of CPU" is this one with instructions switched off. Prints the table, who was found, and the seconds a submission.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rolltrain_tui.classroom.assignments import assignment as assignments
from rolltrain_tui.classroom.assignments import identity, submission
from rolltrain_tui.classroom.assignments.assignment import Assignment
from rolltrain_tui.classroom.grading.gradebook import Row, as_csv, as_lines
from rolltrain_tui.classroom.grading.gradebook_page import as_page
from rolltrain_tui.classroom.grading.grading import Grader, files_in, look
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.commands import Command, Predict, UseAbility
from rolltrain_tui.protocol.events import (
    CampaignBegan,
    CampaignEnded,
    CommandAccepted,
    DiceRolled,
    Evaluated,
    Event,
    ForetellingJudged,
    StepTaken,
    TwinJudged,
)
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.run import Run

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
SHORT = (
    "model={n_layer: 1, n_head: 2, n_embd: 16, context: 16, dropout: 0.0, bias: false, tie_weights: true}",
    "batch={sequences: 4, accumulation: 1}",
    "schedule={warmup_turns: 2, decay: cosine, final_fraction: 0.1}",
    "evaluation={every: 3, sequences: 8, final_sequences: 16}",
    "hero.auto=[]",
    "camps={every: 12, short_rest_every: 6}",
    "twin={mode: on_use, turns: 4, sequences: 8}",
    "diagnosis={examine: true, scouting: 4, scouts: off}",
    "acts=[]",
    "speech.every=0",
    "gate.mode=off",
    "save={autosave_every: 1000, keep: 1}",
)
ELSEWHERE = (
    {"ATEN_CPU_CAPABILITY": "default"},
    {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"},
)
Change = Callable[[Event], Iterable[Event]]


def assignment(turns: int) -> Assignment:
    """Always of the same id, so that all dice are the same each time."""
    made = assignments.new(CAMPAIGNS / "tutorial.yaml", (*SHORT, f"turns={turns}", "verification.tolerance=1e-3"), assignments.FREE)
    return replace(made, id="5eed" * 8)


@dataclass(frozen=True)
class Class:
    """A folder of submissions to one assignment, and where the students play."""

    asked: Assignment
    work: Path

    @property
    def folder(self) -> Path:
        return self.work / "handed in"

    def play(self, name: str, moves: list[tuple[int, Command]], *settings: str) -> Path:
        """A student's run; its folder."""
        overrides = (f"seed={identity.seed_of(self.asked.id, name)}", *settings)
        config = campaign_file.load_text(self.asked.campaign, "the campaign", overrides)
        run = Run.begin(config, base=CAMPAIGNS, runs=self.work / "runs", name=name)
        list(run.play(ScriptedInbox(moves)))
        return run.folder

    def hand_in(self, name: str, run: Path) -> Path:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{identity.file_name(name)}.zip"
        submission.pack(run, path, self.asked.id, name)
        return path

    def forge(self, run: Path, change: Change) -> Path:
        """A copy of a run whose chronicle is another one, every check sum right."""
        forged = self._copy(run)
        (forged / layout.CHRONICLE).unlink()
        with Chronicle(forged / layout.CHRONICLE) as chronicle:
            for event in event_log.read(run / layout.CHRONICLE):
                for told in change(event):
                    chronicle.append(told)
        return forged

    def _copy(self, run: Path) -> Path:
        return Path(shutil.copytree(run, tempfile.mkdtemp(dir=self.work), dirs_exist_ok=True))

    def campaign(self, run: Path, before: str, after: str) -> Path:
        """A copy of a run whose campaign file says something else."""
        forged = self._copy(run)
        text = (forged / layout.CAMPAIGN).read_text(encoding="utf-8")
        assert before in text, before
        (forged / layout.CAMPAIGN).write_text(text.replace(before, after, 1), encoding="utf-8")
        return forged


def orders(number: int, turns: int) -> list[tuple[int, Command]]:
    """Of student `number`: at turns of their own."""
    return [(1 + number % 5, UseAbility("rage")), (turns - 1, Predict("lower")), (2 + number % 3, UseAbility("reckless_attack"))]


def changed(kind: type[Event], when: Callable[[Event], bool] = lambda event: True, **values: object) -> Change:
    return lambda event: [replace(event, **values) if isinstance(event, kind) and when(event) else event]  # type: ignore[arg-type]


def _lower(turn: int) -> Change:
    def change(event: Event) -> Iterable[Event]:
        if isinstance(event, StepTaken) and event.turn > turn:
            return [replace(event, loss=event.loss * 0.9, loss_ema=event.loss_ema * 0.9)]
        return [event]

    return change


def _invented(turn: int) -> Change:
    """An order that was never given: its answer stands before the roll."""
    return lambda event: (
        [CommandAccepted(turn, UseAbility("rage")), event] if isinstance(event, DiceRolled) and event.turn == turn else [event]
    )


def _elsewhere(event: Event) -> Event:
    if isinstance(event, CampaignBegan) and event.machine is not None:
        return replace(event, machine=replace(event.machine, capability="NEON", architecture="aarch64"))
    return event


def doctored(room: Class, turns: int) -> Mapping[str, Callable[[str], Path]]:
    """Eleven ways to cheat; each makes the run that a student of this name hands in."""
    half = turns // 2
    roll = changed(DiceRolled, lambda event: event.turn == half, naturals=(20,), natural=20, total=22, outcome="crit", k=2.0)

    def honest(name: str) -> Path:
        return room.play(name, orders(1, turns))

    def midway(name: str) -> Path:
        run = Run.begin(campaign_file.load_text(room.asked.campaign, "the campaign", [f"seed={identity.seed_of(room.asked.id, name)}"]),
                        base=CAMPAIGNS, runs=room.work / "runs", name=name)  # fmt: skip
        inbox = Inbox()
        for event in run.play(inbox):
            if isinstance(event, StepTaken) and event.turn == half:
                inbox.stop()
        run = Run.resume(run.folder, ("optimizer.learning_rate=1e-2",))
        list(run.play(Inbox()))
        return run.folder

    ended = changed(CampaignEnded, value=1.0, best=1.0)
    judged = changed(ForetellingJudged, inspired=True, answer="lower")
    helped = changed(TwinJudged, verdict="helped", delta=-1.0)
    return {
        "final value": lambda name: room.forge(
            honest(name), lambda event: changed(Evaluated, lambda e: e.turn == turns, value=1.0)(next(iter(ended(event))))
        ),
        "losses lowered": lambda name: room.forge(honest(name), _lower(half)),
        "a natural 20": lambda name: room.forge(honest(name), roll),
        "a natural 20, elsewhere": lambda name: room.forge(honest(name), lambda event: roll(_elsewhere(event))),
        "twins that helped": lambda name: room.forge(honest(name), helped),
        "an order never given": lambda name: room.forge(honest(name), _invented(half)),
        "a prediction come true": lambda name: room.forge(
            honest(name), lambda event: judged(event) if isinstance(event, ForetellingJudged) else [event]
        ),
        "another learning rate": lambda name: room.play(name, orders(2, turns), "optimizer.learning_rate=8e-3"),
        "a hidden learning rate": lambda name: room.campaign(
            room.play(name, orders(2, turns), "optimizer.learning_rate=8e-3"), "learning_rate: 0.008", "learning_rate: 0.002"
        ),
        "a lucky seed": lambda name: room.play(name, orders(3, turns), "seed=7"),
        "settings changed midway": midway,
    }


def monsters(room: Class, run: Path) -> Mapping[str, Path]:
    """Runs that would occupy the grader for years."""
    turns = room.asked.config.turns
    return {
        "Ten To The Eight": room.campaign(run, f"turns: {turns}", "turns: 100000000"),
        "Very Wide": room.campaign(run, "n_embd: 16", "n_embd: 16384"),
    }


def play_elsewhere(work: Path, number: int, turns: int) -> None:
    """In a child, whose instructions are switched off: a student's run, handed in."""
    room = Class(assignments.read(work / "hw.class"), work)
    name = f"Elsewhere {number}"
    room.hand_in(name, room.play(name, orders(number, turns)))


def sent_elsewhere(work: Path, number: int, turns: int, limits: Mapping[str, str]) -> None:
    """Have a student play and hand in on another kind of CPU: a child that reads these variables when its libraries are loaded."""
    words = [sys.executable, __file__, "--elsewhere", str(work), str(number), str(turns)]
    subprocess.run(words, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **limits}, check=True)


def main(work: Path, turns: int = 18, honest: int = 13) -> None:
    work.mkdir(parents=True, exist_ok=True)
    asked = assignment(turns)
    assignments.write(work / "hw.class", asked)
    room = Class(asked, work)
    runs = {}
    for number in range(honest):
        name = f"Honest {number:02}"
        runs[name] = room.play(name, orders(number, turns))
        room.hand_in(name, runs[name])
    for number, limits in enumerate(ELSEWHERE):
        sent_elsewhere(work, number, turns, limits)
    forgeries = doctored(room, turns)
    for number, (how, make) in enumerate(forgeries.items()):
        name = f"Forged {number:02} {how}"
        room.hand_in(name, make(name))
    room.hand_in("Copied", runs["Honest 03"])
    seconds = []
    for name, run in monsters(room, runs["Honest 04"]).items():
        path = room.hand_in(name, run)
        begun = time.perf_counter()
        assert look(path, asked).config is None
        seconds.append(time.perf_counter() - begun)
    files = files_in(room.folder)
    clock, cpu = time.perf_counter(), os.times()
    rows = list(Grader(asked, work / "kept").rows(files, lambda name, done, of: print(f"{done}/{of} {name}", file=sys.stderr)))
    spent, took = os.times(), time.perf_counter() - clock
    children = spent.children_user + spent.children_system - cpu.children_user - cpu.children_system
    (work / "grades.csv").write_text(as_csv(rows), encoding="utf-8", newline="")
    (work / "grades.html").write_text(as_page(rows, asked), encoding="utf-8")
    print("\n".join(as_lines(rows)))
    print(summary(rows, len(forgeries)))
    print(
        f"{len(rows)} rows of {len(files)} files. {took / len(files):.1f} s a submission by the clock, {children / len(files):.1f} CPU s."
    )
    print(f"The two runs that would take years were refused in {max(seconds):.2f} s at most.")


def summary(rows: list[Row], forgeries: int) -> str:
    """Who was found, and whether anybody honest was accused."""

    def of(begin: str, *outcomes: str) -> int:
        return sum(row.name.startswith(begin) and row.result.outcome in outcomes for row in rows)

    accused = of("Honest", "contradicted", "refused") + of("Elsewhere", "contradicted", "refused")
    found = of("Forged", "contradicted", "refused")
    flagged = any(row.name == "Copied" and row.alike for row in rows)
    return f"Honest accused: {accused}. Forgeries found: {found} of {forgeries}. The copy is flagged: {'yes' if flagged else 'no'}."


if __name__ == "__main__":
    if sys.argv[1:2] == ["--elsewhere"]:
        play_elsewhere(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main(Path(sys.argv[1]) if sys.argv[1:] else Path(tempfile.mkdtemp(prefix="class-")))
