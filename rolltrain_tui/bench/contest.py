"""The contest: grants blocks of turns to the contestants in alternation, presses keys, reports medians and ratios."""

import contextlib
import json
import math
import os
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice, pairwise, permutations
from pathlib import Path
from typing import IO, Any

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.bench.ratios import Ratio, speed

COLUMNS, LINES = 120, 36
KEY = b"v"  # asks for a text sample: a command that is accepted at any time
# The contest measures plain turns, so evaluations, samples, camps, twins and autosaves are switched off in all contestants.
TURNS_ONLY = (
    "turns=100000000",
    "evaluation.every=100000000",
    "speech={every: 0, characters: 1, temperature: 1.0, top_k: null}",
    "camps.every=100000000",
    "twin.mode=off",
    "save.autosave_every=100000000",
    "pace={turns_per_second: null, pause_on: []}",
)


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over blocks, in milliseconds per turn, and ratios of speed (above 1: faster than the reference)."""

    campaign: str
    dtype: str
    threads: int
    blocks: int
    turns_per_block: int
    bare_ms: float
    headless_ms: float
    tui_ms: float
    headless_over_bare: Ratio
    tui_over_headless: Ratio
    tokens_per_second: float
    model_flops_utilisation: float
    """Headless model FLOPs per second over this machine's best matrix product in the same dtype."""
    key_to_inbox_p95_ms: float
    """From the key press to its command in the inbox. There it waits for the turn's end."""
    key_to_applied_p50_ms: float
    key_to_applied_p95_ms: float
    wait_p95_ms: float
    """Of it what the turns alone make a key wait that comes at any moment: even a game that costs nothing would not obey sooner."""
    latest_tick_ms: float
    """The largest delay of a tick of the screen while training ran; ten are due a second."""
    first_frame_ms: float


class ContestError(ValueError):
    """A contestant ended too early."""


class Contestant:
    """A process that trains one granted block of turns at a time."""

    def __init__(self, name: str, command: Sequence[str], *, terminal: bool = False, metered: bool = False) -> None:
        self.name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.facts: dict[str, Any] = {}
        self._master: int | None = None
        control_read, control_write = os.pipe()
        report_read, report_write = os.pipe()
        fds = [str(control_read), str(report_write)] if metered else []
        stdio: dict[str, Any] = {"stdin": control_read, "stdout": report_write, "stderr": self._errors}
        if terminal:
            self._master, slave = open_terminal()
            stdio = {"stdin": slave, "stdout": slave, "stderr": slave}
        elif metered:
            stdio |= {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        env = terminal_environment()
        if not metered:
            env.pop("GOMP_SPINCOUNT", None)  # rolltrain's own setting; the bare loop runs PyTorch with its defaults
        here, there = command[: command.index("--")], command[command.index("--") + 1 :]
        self.process = subprocess.Popen([*here, *fds, *there], pass_fds=(control_read, report_write), env=env, **stdio)
        for fd in (control_read, report_write, *([slave] if terminal else [])):
            os.close(fd)
        self._control: IO[str] = os.fdopen(control_write, "w", buffering=1)
        self._report: IO[str] = os.fdopen(report_read)
        if self._master is not None:
            threading.Thread(target=drain, args=(self._master,), daemon=True).start()

    def press(self, key: bytes) -> None:
        assert self._master is not None
        os.write(self._master, key)

    def read(self, *wanted: str) -> dict[str, Any]:
        """Read report lines up to the first with a key of `wanted`. All values are kept in `facts`."""
        for line in self._report:
            report = parse(line)
            self.facts.update(report)
            if not report.keys().isdisjoint(wanted):
                return report
        raise self._ended(f"it reported {' or '.join(wanted)}")

    def grant(self, turns: int) -> None:
        try:
            self._control.write(f"{turns}\n")
        except BrokenPipeError:
            raise self._ended("it was granted a block") from None

    def _ended(self, before: str) -> ContestError:
        code = self.process.wait(5)
        self._errors.seek(0)
        last = self._errors.read()[-2000:].decode(errors="replace").strip()
        return ContestError(f"contestant {self.name} ended with code {code} before {before}; the end of its error output:\n{last}")

    def block(self, turns: int) -> float:
        """Milliseconds per turn of one granted block."""
        self.grant(turns)
        return 1000 * float(self.read("seconds")["seconds"]) / turns

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self._control.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def parse(line: str) -> dict[str, Any]:
    """Parse a report line: a JSON object from the game's contestants, "ready" or seconds from the bare one."""
    if line.strip() == "ready":
        return {"ready": True}
    report = json.loads(line)
    return report if isinstance(report, dict) else {"seconds": float(report)}


def open_terminal() -> tuple[int, int]:
    """A pseudo-terminal of 120 x 36: (our end, its end)."""
    if sys.platform == "win32":
        raise ContestError("the bench draws the game on a pseudo-terminal, and Windows has none: run it under WSL")
    import fcntl
    import pty
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    return master, slave


def terminal_environment() -> dict[str, str]:
    """That of a program on a terminal of ours; the caller's own size would hide it."""
    here = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**here, "TERM": "xterm-256color", "COLORTERM": "truecolor"}


def drain(master: int) -> None:
    """Read the terminal's output, so that the game never waits for its terminal."""
    with contextlib.suppress(OSError):
        while os.read(master, 1 << 16):
            pass


@contextlib.contextmanager
def contestants(campaign: Path, overrides: Sequence[str]) -> Iterator[tuple[Contestant, Contestant, Contestant]]:
    """The three contestants, ready to train."""
    with tempfile.TemporaryDirectory() as folder:
        field = bare_loop(campaign, overrides, Path(folder)), headless(campaign, overrides), on_screen(campaign, overrides)
        with ready(*field):
            yield field


def bare_loop(campaign: Path, overrides: Sequence[str], folder: Path) -> Contestant:
    """`folder`: for its tokens, as long as it trains."""
    tokens, sizes = bare_material(campaign, overrides, folder)
    return Contestant("bare", [sys.executable, "-m", "rolltrain_tui.bench.bare", "--", str(tokens), json.dumps(sizes)])


def headless(campaign: Path, overrides: Sequence[str]) -> Contestant:
    return _metered("headless", campaign, overrides)


def on_screen(campaign: Path, overrides: Sequence[str]) -> Contestant:
    return _metered("tui", campaign, overrides, terminal=True)


def _metered(name: str, campaign: Path, overrides: Sequence[str], *, terminal: bool = False) -> Contestant:
    command = [sys.executable, "-m", "rolltrain_tui.bench.metered", "--", name, str(campaign.resolve()), *TURNS_ONLY, *overrides]
    return Contestant(name, command, metered=True, terminal=terminal)


@contextlib.contextmanager
def ready(*field: Contestant) -> Iterator[None]:
    """All of them have loaded their libraries, side by side, and wait for their first block; afterwards they end."""
    try:
        for contestant in field:
            contestant.read("ready")
        yield
    finally:
        for contestant in field:
            contestant.end()


def bare_material(campaign: Path, overrides: Sequence[str], folder: Path) -> tuple[Path, dict[str, Any]]:
    """The campaign's training tokens in a file, and the model sizes for the bare loop."""
    import torch

    from rolltrain_tui.modes.campaign_file import load
    from rolltrain_tui.modes.text.config import TextConfig
    from rolltrain_tui.modes.text.corpora.corpus import load_corpus

    config = load(campaign, tuple(overrides))
    if not isinstance(config, TextConfig):
        raise ValueError(
            f"{campaign.name}: the plain loop that bench compares with trains a GPT on text; name a campaign of kind supervised"
        )
    corpus = load_corpus(config.data, base=campaign.parent, context=config.model.context)
    torch.save(corpus.train.long(), folder / "tokens.pt")
    model = config.model
    return folder / "tokens.pt", {
        "vocabulary": len(corpus.vocabulary),
        "n_layer": model.n_layer,
        "n_head": model.n_head,
        "n_embd": model.n_embd,
        "context": model.context,
        "bias": model.bias,
        "batch": config.batch.sequences * config.batch.accumulation,
        "threads": config.device.threads,
        "lr": config.optimizer.learning_rate,
    }


def wait_quantile(turns: Sequence[float], share: float) -> float:
    """The time within which a turn ends for this share of all moments, in the unit of `turns`.

    A moment falls into a long turn more often than into a short one: P(wait > w) = sum max(0, turn - w) / sum turn.
    """
    rest, longer = (1 - share) * math.fsum(turns), 0.0
    for count, (turn, next_turn) in enumerate(pairwise([*sorted(turns, reverse=True), 0.0]), start=1):
        if longer + count * (turn - next_turn) >= rest:
            return turn - (rest - longer) / count
        longer += count * (turn - next_turn)
    return 0.0


def latencies(tui: Contestant, presses: int, per_turn: float) -> tuple[list[tuple[float, float]], list[float]]:
    """Milliseconds from a key press to its command in the inbox, and to the turn that obeys it; one press per block. And all turns' times.

    `per_turn` is the median time of a turn in seconds. A press that arrives after the end of its block is not counted.
    """
    found: list[tuple[float, float]] = []
    turns: list[float] = []
    for _ in range(presses):
        tui.grant(int(0.6 / per_turn) + 2)
        time.sleep(0.23)  # out of step with the app's timers and the turns
        pressed = time.monotonic()
        tui.press(KEY)
        if "applied" in (report := tui.read("applied", "seconds")):
            found.append((1000 * (float(report["put"]) - pressed), 1000 * (float(report["applied"]) - pressed)))
            tui.read("seconds")
            turns += [1000 * turn for turn in tui.facts["turns"]]
        else:
            tui.block(1)
    return found, turns


def first_frame(tries: int) -> float:
    """Median milliseconds from starting `rolltrain play` to its menu on the screen."""
    found = []
    for _ in range(tries):
        master, slave = open_terminal()
        env = terminal_environment()
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "rolltrain_tui", "play"], stdin=slave, stdout=slave, stderr=slave, env=env)
        os.close(slave)
        seen = b""
        while b"Quit" not in seen and time.perf_counter() - start < 20:
            if select.select([master], [], [], 0.5)[0]:
                seen += os.read(master, 1 << 16)
        found.append(1000 * (time.perf_counter() - start))
        process.kill()
        process.wait()
        os.close(master)
    return statistics.median(found)


def best_matmul_gflops(dtype: str, threads: int) -> float:
    """The fastest of 60 large matrix products, in GFLOP per second."""
    import torch

    torch.set_num_threads(threads)
    n = 1024
    a = torch.randn(n, n).to(getattr(torch, dtype))
    seconds = []
    for _ in range(60):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * n**3 / min(seconds) / 1e9


def run(campaign: Path, overrides: Sequence[str] = (), *, blocks: int, turns: int, presses: int = 40) -> Result:
    """Run the contest. With 24 blocks of 20 turns it takes about two minutes for the tiny GPT."""
    frame = first_frame(5)
    with contestants(campaign, overrides) as field:
        bare, headless, tui = field
        for contestant in field:
            contestant.block(turns)  # warm-up: first-touch memory, caches, thread pools
        times: dict[Contestant, list[float]] = {contestant: [] for contestant in field}
        orders = cycle(permutations(field))  # a machine that slows down or speeds up favours none of them
        for order in islice(orders, blocks):
            for contestant in order:
                times[contestant].append(contestant.block(turns))
        per_turn = statistics.median(times[tui]) / 1000
        pressed, turns_ms = latencies(tui, presses, per_turn)
        inbox, waits = map(sorted, zip(*pressed, strict=True))
    bare_ms, headless_ms, tui_ms = (statistics.median(found) for found in times.values())
    facts = headless.facts
    peak = best_matmul_gflops(facts["dtype"], facts["threads"])
    return Result(
        campaign=str(campaign),
        dtype=facts["dtype"],
        threads=facts["threads"],
        blocks=blocks,
        turns_per_block=turns,
        bare_ms=bare_ms,
        headless_ms=headless_ms,
        tui_ms=tui_ms,
        headless_over_bare=speed(times[bare], times[headless]),
        tui_over_headless=speed(times[headless], times[tui]),
        tokens_per_second=facts["tokens"] / headless_ms * 1000,
        model_flops_utilisation=facts["gflop"] / (headless_ms / 1000) / peak,
        key_to_inbox_p95_ms=inbox[int(0.95 * (len(inbox) - 1))],
        key_to_applied_p50_ms=statistics.median(waits),
        key_to_applied_p95_ms=waits[int(0.95 * (len(waits) - 1))],
        wait_p95_ms=wait_quantile(turns_ms, 0.95),
        latest_tick_ms=1000 * float(tui.facts.get("late", float("nan"))),
        first_frame_ms=frame,
    )


def table(result: Result) -> str:
    """The result as text."""
    r = result
    return "\n".join(
        (
            f"{r.campaign}: {r.dtype}, {counted(r.threads, 'thread')}, {counted(r.blocks, 'block')} of "
            f"{counted(r.turns_per_block, 'turn')} each, in changing order",
            f"  bare PyTorch loop   {r.bare_ms:8.2f} ms a turn",
            f"  headless campaign   {r.headless_ms:8.2f} ms a turn   {r.headless_over_bare} x bare",
            f"  the game, 120x36    {r.tui_ms:8.2f} ms a turn   {r.tui_over_headless} x headless",
            "    in brackets: between these lies the true ratio, in 95 of 100 contests",
            f"  {r.tokens_per_second:,.0f} tokens/s headless, {r.model_flops_utilisation:.0%} of this machine's best matrix product",
            f"  key to applied      {r.key_to_applied_p50_ms:8.1f} ms median, {r.key_to_applied_p95_ms:.1f} ms at the 95th percentile",
            f"    of it to the inbox {r.key_to_inbox_p95_ms:7.1f} ms at the 95th percentile, then it waits for the turn's end",
            f"    the turns alone    {r.wait_p95_ms:7.1f} ms at the 95th percentile, for a key that comes at any moment",
            f"  latest UI tick      {r.latest_tick_ms:8.1f} ms late",
            f"  first frame         {r.first_frame_ms:8.0f} ms after start",
        )
    )


def as_json(result: Result) -> str:
    return json.dumps(asdict(result))
