"""Where a turn goes: its parts, beside what the matrix products alone would need.

    data, forward, backward, optimiser, ...    the learner's own, which it times itself
    the rest of the learner                     its bookkeeping
    game                                        rules, events, chronicle: the turn of a headless run less the learner's
    screen                                      the turn of the game in a terminal less that of the headless run

Contestants of each dtype and number of threads take their blocks of turns in alternation, so that another program on the cores
falls on all of them.
"""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.bench import products
from rolltrain_tui.bench.contest import headless, on_screen, ready
from rolltrain_tui.bench.metered import STEP
from rolltrain_tui.bench.products import Floor
from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.training.dtype_trial import DtypeTrial, trial
from rolltrain_tui.training.levered_learner import LeveredLearner
from rolltrain_tui.training.machine.machine import available_cores

DTYPES = ("float32", "bfloat16")


class ProfileError(ValueError):
    """This campaign's turns have no parts that could be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One dtype and number of threads: milliseconds of a turn, medians over blocks."""

    dtype: str
    threads: int
    parts: dict[str, float]
    """Milliseconds of each part, in the order of the turn; they add up to `turn`."""
    turn: float
    """With the screen."""
    headless: float
    floor: Floor
    """The matrix products alone."""
    screen: dict[str, float]
    """Milliseconds of CPU of the screen's thread in a second of training, by part."""

    @property
    def share_of_peak(self) -> float:
        """What part of the headless turn the matrix products would need, if they ran as fast as they do alone."""
        return self.floor.milliseconds / self.headless


@dataclass(frozen=True, slots=True)
class Profiles:
    """The columns of the table, and why some are missing."""

    columns: list[Profile]
    left_out: list[str]
    """Sentences."""


def run(campaign: Path, overrides: Sequence[str] = (), *, blocks: int, turns: int) -> Profiles:
    """Profiles for float32 and bfloat16 on one thread and, where the machine has two cores, on two. ProfileError.

    bfloat16 is left out where the machine only emulates it: one of its turns takes as long as ten others, and teaches nothing.
    """
    tried = {threads: _trial(campaign, (*overrides, *_settings("float32", threads))) for threads in sorted({1, min(2, available_cores())})}
    cells = [(dtype, threads) for threads, found in tried.items() for dtype in DTYPES if dtype == "float32" or not found.hopeless]
    left_out = [_left_out(threads, found) for threads, found in tried.items() if found.hopeless]
    return Profiles(_measured(campaign, overrides, cells, blocks=blocks, turns=turns), left_out)


def _measured(campaign: Path, overrides: Sequence[str], cells: list[tuple[str, int]], *, blocks: int, turns: int) -> list[Profile]:
    floors = {cell: _floor(campaign, (*overrides, *_settings(*cell))) for cell in cells}
    field = {cell: [make(campaign, (*overrides, *_settings(*cell))) for make in (headless, on_screen)] for cell in cells}
    with ready(*(contestant for pair in field.values() for contestant in pair)):
        found: dict[tuple[str, int], list[tuple[dict[str, float], float, float]]] = {cell: [] for cell in cells}
        drawn: dict[tuple[str, int], list[dict[str, float]]] = {cell: [] for cell in cells}
        for block in range(blocks + 1):
            for cell, (plain, screen) in field.items():
                before = dict(plain.facts.get("parts", {}))
                bare, seen = plain.block(turns), screen.block(turns)
                spent = {name: 1000 * (now - before.get(name, 0.0)) / turns for name, now in plain.facts["parts"].items()}
                if block:  # the first warms up: first-touch memory, caches, thread pools
                    found[cell].append((spent, bare, seen))
                    drawn[cell].append({name: 1e6 * cpu / (turns * seen) for name, cpu in screen.facts["screen"].items()})
    return [_profile(cell, found[cell], floors[cell], drawn[cell]) for cell in cells]


def _settings(dtype: str, threads: int) -> tuple[str, ...]:
    return f"device.dtype={dtype}", f"device.threads={threads}"


def _floor(campaign: Path, overrides: Sequence[str]) -> Floor:
    return products.floor(products.of_a_turn(build(load(campaign, tuple(overrides)), base=campaign.parent)))


def _trial(campaign: Path, overrides: Sequence[str]) -> DtypeTrial:
    learner = build(load(campaign, tuple(overrides)), base=campaign.parent)
    if not isinstance(learner, LeveredLearner):
        raise ProfileError(f"{campaign.name}: only campaigns whose training is rolltrain's own can be profiled")
    return trial(learner)


def _left_out(threads: int, found: DtypeTrial) -> str:
    times = f"a turn takes {found.bfloat16 / found.float32:.1f} times as long as in float32"
    return f"bfloat16 on {counted(threads, 'thread')} is left out: {times}, so this machine only emulates it."


def _profile(
    cell: tuple[str, int], blocks: list[tuple[dict[str, float], float, float]], floor: Floor, drawn: list[dict[str, float]]
) -> Profile:
    """The medians of the blocks. What is left over of a turn is a part too, so that the parts add up."""
    screen = {name: statistics.fmean(block[name] for block in drawn) for name in drawn[0]}  # pictures are rare: a block may have none
    spent, bare, seen = zip(*blocks, strict=True)
    parts = {name: median for name in spent[0] if (median := statistics.median(block[name] for block in spent)) > 0}
    step, alone, turn = parts.pop(STEP), statistics.median(bare), statistics.median(seen)
    parts |= {"the rest of the learner": step - sum(parts.values()), "game": alone - step, "screen": turn - alone}
    return Profile(dtype=cell[0], threads=cell[1], parts=parts, turn=turn, headless=alone, floor=floor, screen=screen)


def table(campaign: str, profiles: Profiles) -> str:
    """The profiles as text: a column for each dtype and number of threads."""
    wide, found = 22, profiles.columns

    def row(name: str, *cells: str) -> str:
        return f"  {name:<25}" + "".join(f"{cell:>{wide}}" for cell in cells)

    parts = list(dict.fromkeys(name for profile in found for name in profile.parts))
    notes = [*profiles.left_out]
    if any(profile.parts["screen"] < 0 for profile in found):
        notes.insert(0, "The screen's part is the difference of two runs; where it is negative, it is less than their noise.")
    lines = [
        f"{campaign}: milliseconds of a turn, and their share of it",
        row("", *(f"{p.dtype}, {counted(p.threads, 'thread')}" for p in found)),
        *(row(name, *(f"{p.parts[name]:.2f} {p.parts[name] / p.turn:>6.1%}" if name in p.parts else "-" for p in found)) for name in parts),
        row("a turn of the game", *(f"{p.turn:.2f} {1:>6.0%}" for p in found)),
        row("without the screen", *(f"{p.headless:.2f} {p.headless / p.turn:>6.1%}" for p in found)),
        "",
        row("its products alone", *(f"{p.floor.milliseconds:.2f} {p.floor.milliseconds / p.turn:>6.1%}" for p in found)),
        row("  GFLOP/s of them", *(f"{p.floor.gflop_per_second:.0f}       " for p in found)),
        row("  share of that peak", *(f"{p.share_of_peak:.1%}       " for p in found)),
        "",
        "  the screen's thread, milliseconds of CPU in a second of training",
        *(row(f"  {name}", *(f"{p.screen[name]:.1f}       " for p in found)) for name in found[0].screen),
        *("  " + sentence for sentence in ["", *notes] if notes),
    ]
    return "\n".join(line.rstrip() for line in lines)


def as_json(profiles: Profiles) -> str:
    """The columns; those that are left out are not among them."""
    return json.dumps([asdict(profile) | {"share_of_peak": profile.share_of_peak} for profile in profiles.columns])
