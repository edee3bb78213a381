"""How the cost of a run grows: python tests/benchmarks/scale.py turns|long|text.

turns   CPU of a whole headless turn against width, layers, context, batch, accumulation and size of the text, with exponents
long    a run of a million cheap turns with its chronicle, its saves and its scene: time a turn, memory and sizes on the way
text    the first turn of a run on a text of 100 MB: for the first time, and again
"""

import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.scripted import ScriptedLearner
from timing import interleaved

from rolltrain_tui.bench.contest import TURNS_ONLY
from rolltrain_tui.config.shipped import find
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import Event, StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.run import Run
from rolltrain_tui.story.scene import Scene

CAMPAIGN = find("tutorial")
CALM = (*TURNS_ONLY, "encounters.mode=off", "diagnosis.scouts=off", "twin.mode=off", "acts=[]")
SHAPE: Mapping[str, int] = {
    "model.n_embd": 128,
    "model.n_layer": 2,
    "model.context": 64,
    "batch.sequences": 8,
    "batch.accumulation": 1,
}
"""Each is doubled by itself."""
TIMES = (1, 2, 4)
WORDS = ["the", "dragon", "of", "a", "mountain", "élan", "castle", "river", "42", "sword", "—", "night", "Königin", "and", "was"]


def turns_of(run: Run) -> Callable[[], None]:
    """What plays one more turn of a run."""
    inbox = Inbox()
    events: Iterator[Event] = run.play(inbox)

    def play() -> None:
        for event in events:
            if isinstance(event, StepTaken):
                return

    return play


def text_file(path: Path, megabytes: float) -> Path:
    """A text of words and of characters beyond ASCII."""
    stream, left = random.Random(1), megabytes * 2**20
    with path.open("w", encoding="utf-8") as file:
        while left > 0:
            line = " ".join(stream.choices(WORDS, k=2000)) + "\n"
            file.write(line)
            left -= len(line.encode())
    return path


def exponent(sizes: list[int], costs: list[float]) -> float:
    """The slope of log(cost) over log(size), by least squares."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x)


def turns(seconds: float = 12.0) -> None:
    """A row for each dimension; all its sizes are timed in turns."""
    print(f"{'':22}" + "".join(f"{'x' + str(times):>10}" for times in TIMES) + "  exponent   (ms of CPU a turn)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for dimension, size in SHAPE.items():
            cells = [SHAPE | {dimension: size * times} for times in TIMES]
            show(f"{dimension} {size}", seconds, [begun(folder, [f"{path}={value}" for path, value in cell.items()]) for cell in cells])
        texts = [text_file(folder / f"text{times}.txt", 12 * times) for times in TIMES]
        shape = [f"{path}={value}" for path, value in SHAPE.items()]
        runs = [begun(folder, [*shape, f"data={{corpus: file, path: {text.name}, validation_fraction: 0.1}}"]) for text in texts]
        show("text 12 MB", seconds, runs)


def begun(folder: Path, settings: list[str]) -> Run:
    config = load(CAMPAIGN, (*CALM, "device.threads=1", *settings))
    return Run.begin(config, base=folder, runs=folder / "runs")


def show(title: str, seconds: float, runs: list[Run]) -> None:
    costs = [1000 * cost for cost in interleaved(seconds, *map(turns_of, runs))]
    print(f"{title:22}" + "".join(f"{cost:10.2f}" for cost in costs) + f"{exponent(list(TIMES), costs):10.2f}", flush=True)


class Cheap(ScriptedLearner):
    """Learns by a formula, without PyTorch: what a turn costs is the game's."""

    def step(self, effect: StepEffect) -> StepReport:
        self.effects.clear()  # another learner would not keep them
        return super().step(effect)


def long(count: int = 1_000_000, marks: int = 10) -> None:
    """Evaluations, camps, saves and words as often as in a long run."""
    often = ("evaluation.every=1000", "camps.every=10000", "save.autosave_every=10000", "speech.every=10000", "twin.mode=off")
    settings = (*often, f"turns={count}", "acts=[]", "diagnosis.scouts=off", "pace={turns_per_second: null, pause_on: []}")
    with tempfile.TemporaryDirectory() as name:
        run = Run.create(Campaign(load(CAMPAIGN, settings), Cheap()), base=Path(name), runs=Path(name))
        scene, began, cpu = Scene(), time.monotonic(), time.process_time()
        print(f"{'turn':>10}{'ms CPU a turn':>15}{'memory, MB':>12}{'chronicle, MB':>15}{'a save, MB':>12}", flush=True)
        done = 0
        for event in run.play(Inbox()):
            scene.apply(event)
            if isinstance(event, StepTaken) and event.turn * marks // count > done * marks // count:
                log = sum(path.stat().st_size for path in run.folder.glob("chronicle*.jsonl")) / 1e6
                saves = [sum(file.stat().st_size for file in save.iterdir()) / 1e6 for save in (run.folder / "saves").glob("*")]
                spent = 1000 * (time.process_time() - cpu) / (event.turn - done)
                print(f"{event.turn:10,}{spent:15.3f}{memory():12.1f}{log:15.1f}{max(saves, default=0):12.2f}", flush=True)
                done, cpu = event.turn, time.process_time()
        print(f"{time.monotonic() - began:.0f} s by the clock; {type(scene.ending).__name__}")
        cpu = time.process_time()
        again = Scene.of(event_log.read(run.folder / layout.CHRONICLE))
        print(f"read again in {time.process_time() - cpu:.0f} s of CPU, {memory():.1f} MB; the same scene: {again.ending == scene.ending}")


def memory() -> float:
    """MB, resident now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


START = """
import resource, sys, time
began = time.monotonic()
import torch
imported = time.monotonic()
from pathlib import Path
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.run import Run
folder = Path(sys.argv[1])
run = Run.begin(load(Path(sys.argv[2]), sys.argv[3:]), base=folder, runs=folder)
next(event for event in run.play(Inbox()) if isinstance(event, StepTaken))
told = time.monotonic() - imported, imported - began, time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
print("first turn after %.2f s, torch's import before it %.2f s; %.2f s of CPU in all, %.0f MB at most" % told)
"""


def text(megabytes: float = 100) -> None:
    """Each start is a process of its own. What is kept of the text goes to a folder of its own too."""
    with tempfile.TemporaryDirectory() as name:
        text_file(Path(name) / "text.txt", megabytes)
        settings = ("data={corpus: file, path: text.txt, validation_fraction: 0.1}", "device.threads=1")
        for title in ("for the first time", "again", "and again"):
            command = [sys.executable, "-c", START, name, str(CAMPAIGN), *settings]
            done = subprocess.run(command, env=os.environ | {"XDG_CACHE_HOME": name}, capture_output=True, text=True, check=True)
            print(f"{megabytes:.0f} MB of text, {title}: {done.stdout.strip()}", flush=True)


if __name__ == "__main__":
    for which in sys.argv[1:] or ["turns", "text", "long"]:
        {"turns": turns, "long": long, "text": text}[which]()
