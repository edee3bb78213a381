"""What the player chose on the command line: which campaign, which save, which values of it, which moves."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolltrain_tui.cli import plugin_faults

if TYPE_CHECKING:
    from rolltrain_tui.protocol.commands import Command


def find_campaign(name: str) -> Path:
    """A campaign by its path or its shipped name. CampaignFileError."""
    from rolltrain_tui.config import campaign_file

    plugin_faults.tell_of_faults()
    return campaign_file.find(name)


def find_save(name: str, root: Path) -> Path | None:
    """The run or save folder that a name stands for: a path, or the name of a run under `root`."""
    with suppress(OSError, ValueError):
        for path in (Path(name), root / name):
            if path.is_dir():
                return path
    return None


def read_moves(script: Path | None) -> "list[tuple[int, Command]]":
    """The recorded moves in a script or a event_log. ValueError says which line is wrong."""
    if script is None:
        return []
    from rolltrain_tui.base import rotating_log
    from rolltrain_tui.runs import event_codec, event_log

    try:
        with event_log.text(script) if rotating_log.full(script) else script.open(encoding="utf-8") as lines:
            return event_codec.moves(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--script {script}: {error.strerror if isinstance(error, OSError) else 'not UTF-8 text'}.") from None
    except event_codec.WireError as error:
        raise event_codec.WireError(f"--script {script}: {error}") from None


def overrides(
    campaign: Path | None, *, data: Path | None, steps: int | None, seed: int | None, device: str | None, settings: tuple[str, ...]
) -> tuple[str, ...]:
    """The options as `path=value`; what --set says comes first, so the options of their own name win."""
    found = [*settings]
    found += [f"seed={seed}"] if seed is not None else []
    found += [f"device.device={device}"] if device is not None else []
    if steps is not None:
        found += _shortened(campaign, tuple(found), data, steps) if campaign is not None else []
        found += [f"turns={steps}"]
    return tuple(found)


def _shortened(campaign: Path, overrides: tuple[str, ...], data: Path | None, steps: int) -> list[str]:
    """A warm-up that fits a run shortened by --steps, unless the player has set one."""
    from rolltrain_tui.config import campaign_file

    if any(text.partition("=")[0].strip() in ("schedule", "schedule.warmup_turns") for text in overrides):
        return []
    plain = campaign_file.load(campaign, overrides, data=data)
    if plain.schedule.warmup_turns < steps:
        return []
    warmup = steps * plain.schedule.warmup_turns // plain.turns
    click.echo(f"The warm-up of {plain.schedule.warmup_turns} turns is shortened to {warmup}, to fit --steps {steps}.", err=True)
    return [f"schedule.warmup_turns={warmup}"]
