"""`rolltrain doctor`: does rolltrain run here, and how fast?"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rolltrain_tui import __version__
from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared import options

SMALLEST = (60, 18)
"""Columns and lines that the game needs."""
SPEED_SECONDS = 1.0
LIBRARIES = ("torch", "textual", "rich", "plotext", "pydantic", "pyyaml", "safetensors", "click")


@click.command()
@options.AS_JSON
@options.RUNS
def doctor(as_json: bool, out: Path | None) -> None:
    """Will it run here, and how fast?"""
    findings = examine(out, progress=lambda what: click.echo(f"{what} ...", err=True))
    click.echo(json_text(findings) if as_json else report(findings))


def examine(saves: Path | None = None, progress: Callable[[str], None] = lambda what: None) -> dict[str, Any]:
    """All findings as plain values. It takes a few seconds and trains for one of them."""
    import platform

    from rolltrain_tui.runs.saves import saves_root

    progress("Looking at this computer")
    found: dict[str, Any] = {"rolltrain": __version__, "python": platform.python_version()}
    found |= {"libraries": _versions(), "plugins": _plugins(), "terminal": _terminal()}
    found["saves"] = _saves_folder(saves_root(saves))
    progress("Loading PyTorch")
    found["machine"] = _machine()
    progress("Measuring the floors of the built-in corpora")
    found["corpora"] = _corpora()
    progress("Training the tiny GPT for some seconds")
    found["speed"] = _speed()
    return found


def report(found: dict[str, Any]) -> str:
    """The findings as text."""
    from rolltrain_tui.base.safe_text import flat

    machine, terminal, saves, speed = found["machine"], found["terminal"], found["saves"], found["speed"]
    libraries = ", ".join(f"{name} {version or 'MISSING'}" for name, version in found["libraries"].items())
    bf16 = "native" if machine["native_bf16"] else "emulated"
    colours = terminal["colours"] or "no colours"
    unicode = "Unicode" if terminal["unicode"] else "no Unicode (the game needs it: set a UTF-8 locale)"
    lines = [
        f"rolltrain {found['rolltrain']}, Python {found['python']}",
        f"libraries  {libraries}",
        *(f"plug-in    {line}" for line in found["plugins"]),
        f"device     {machine['device']} ({', '.join(machine['devices'])}), {counted(machine['cores'], 'core')}; bfloat16: {bf16}",
        f"terminal   {terminal['columns']}x{terminal['lines']}, {colours}, {unicode}",
        f"           {terminal['verdict']}",
        f"saves      {saves['folder']}: {saves['verdict']}",
    ]
    for corpus in found["corpora"]:
        first, *more = corpus["description"].splitlines()
        lines += [f"corpus     {first}", *(f"           {line.strip()}" for line in more)]
    lines.append(
        f"speed      {speed['turns_per_second']:.0f} turns/s on {speed['campaign']}: {speed['turns']} turns in about {speed['minutes']} min"
    )
    lines.append(f"           {speed['note']}")
    return "\n".join(flat(line) for line in lines)


def _versions() -> dict[str, str | None]:
    import importlib.metadata  # it loads the email package, which would slow every verb's start

    found: dict[str, str | None] = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _plugins() -> list[str]:
    """A line for each package with the rows that it brings, then a sentence for each row that was left out."""
    from rolltrain_tui.modes import MODES
    from rolltrain_tui.modes.duel.rewards import REWARDS
    from rolltrain_tui.rules.plugins import installed

    for table in (MODES, REWARDS):
        len(table)  # asking loads them
    plugins = installed()
    rows = {package: [name for name, owner in plugins.packages.items() if owner == package] for package in plugins.packages.values()}
    return [*(f"{package}: {', '.join(rows[package])}" for package in sorted(rows)), *plugins.faults]


def _terminal() -> dict[str, Any]:
    from rich.console import Console

    size = shutil.get_terminal_size()
    is_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if not is_terminal or os.environ.get("TERM") == "dumb":
        verdict = "not a terminal that can be drawn on: `rolltrain train CAMPAIGN --plain` plays in sentences"
    elif size.columns < SMALLEST[0] or size.lines < SMALLEST[1]:
        verdict = f"too small for the game: make it at least {SMALLEST[0]}x{SMALLEST[1]}"
    else:
        verdict = "good for the game" if size.columns >= 120 else "good for the game; 120x36 shows everything at once"
    return {
        "columns": size.columns,
        "lines": size.lines,
        "colours": Console(stderr=True).color_system,
        "unicode": (sys.stdout.encoding or "").lower().replace("-", "") == "utf8",
        "verdict": verdict,
    }


def _saves_folder(folder: Path) -> dict[str, Any]:
    """Whether saves can be written there: it is tried, in the nearest folder that exists."""
    import tempfile

    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return {
            "folder": str(folder),
            "writable": False,
            "free_gb": None,
            "verdict": f"CANNOT BE WRITTEN ({error.strerror}); use --out DIR",
        }
    return {"folder": str(folder), "writable": True, "free_gb": round(free / 1e9, 1), "verdict": f"writable, {free / 1e9:.1f} GB free"}


def _machine() -> dict[str, Any]:
    from rolltrain_tui.training.machine import machine

    device = machine.pick_device("auto")
    there = []
    for name in ("cuda", "mps", "cpu"):
        try:
            there.append(machine.pick_device(name).type)
        except machine.DeviceError:
            continue
    return {"device": str(device), "devices": there, "cores": machine.available_cores(), "native_bf16": machine.native_bf16(device)}


def _corpora() -> list[dict[str, Any]]:
    from rolltrain_tui.modes.text.corpora.built_in import BUILT_IN, floor_report

    reports = [floor_report(name) for name in BUILT_IN]
    return [
        {
            "name": report.name,
            "floor": report.analytic,
            "monte_carlo": report.monte_carlo,
            "standard_error": report.standard_error,
            "description": report.describe(),
        }
        for report in reports
    ]


def _speed() -> dict[str, Any]:
    """Turns per second of the tiny GPT's learner, after a short warm-up, in the dtype that is faster here."""
    from rolltrain_tui.modes import build as build_learner
    from rolltrain_tui.modes import campaign_file
    from rolltrain_tui.protocol.effects import NEUTRAL

    path = campaign_file.find("tiny_gpt")
    config = campaign_file.load(path, ("device.dtype=auto",))
    learner = build_learner(config, base=path.parent)
    for _ in range(3):
        learner.step(NEUTRAL)
    turns, seconds, start = 0, 0.0, time.perf_counter()
    while seconds < SPEED_SECONDS:
        learner.step(NEUTRAL)
        turns, seconds = turns + 1, time.perf_counter() - start
    rate = turns / seconds
    facts = learner.info()
    return {
        "campaign": config.name,
        "turns_per_second": rate,
        "turns": config.turns,
        "minutes": round(config.turns / rate / 60, 1),
        "device": facts.device,
        "dtype": facts.dtype,
        "note": facts.note,
        "threads": facts.threads,
    }
