"""The baseline: plain training of a campaign's model, without dice, monsters, twin or abilities. Its recording is called the ghost.

`ghosts/NAME.json` lies beside NAME.yaml. It holds the losses of every evaluation, the recipe (each value that decides plain training)
and a checksum. A ghost serves campaigns of the same recipe only. The seed may differ: a bar set by one seed is as fair as another's.
"""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import printable, shown
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.turn import Progress
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.events import Evaluated, GhostPoint, StepTaken
from rolltrain_tui.protocol.learner import Evaluation, Learner

FOLDER = "ghosts"
VERSION, FORMAT, CHECKSUM = "rolltrain_ghost", 1, "sha256"
MOST_BYTES = 64 * 1024 * 1024
"""A longer file is refused before reading."""
REMEDY = "`rolltrain ghost CAMPAIGN` records a new one."

Recipe = tuple[tuple[str, str], ...]
"""("optimizer.learning_rate", "0.001"), ...: name and value, the value as JSON."""


class GhostError(ValueError):
    """A ghost cannot be read or written; the message names the file, says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ghost:
    """The recorded plain training of one campaign. `torch`, `device` and `dtype` say where; they change the last digits only."""

    campaign: str
    seed: int
    torch: str
    device: str
    dtype: str
    recipe: Recipe
    points: tuple[GhostPoint, ...]
    """By turn, from 0 to the last."""


# The training.


def plain_training(
    config: CampaignConfig, learner: Learner, progress: Progress | None = None, *, at_camps: bool = False
) -> Iterator[StepTaken | Evaluated]:
    """Every step of the optimiser as it proposes it, and the campaign's evaluations.

    `progress` is kept up to date for the caller. `at_camps`: evaluate at every camp too, because the gates there compare with the ghost.
    """
    progress = progress or Progress(learner.info().objective)
    for turn in range(config.turns + 1):
        if turn:
            yield progress.stepped(turn, learner.step(NEUTRAL))
        camp = at_camps and turn % config.camps.every == 0
        if camp or turn % config.evaluation.every == 0 or turn == config.turns:
            yield progress.evaluated(turn, learner.evaluate(config.evaluation.sequences))


def expert_line(config: CampaignConfig, learner: Learner, expert: Evaluation) -> list[Evaluated]:
    """What the ghost holds where an expert, who learns nothing, takes the place of plain training: its one value at every evaluation."""
    progress = Progress(learner.info().objective)
    progress.loss.add(0.0)  # an expert has no loss
    camps, every, turns = config.camps.every, config.evaluation.every, config.turns
    due = [turn for turn in range(turns + 1) if turn % camps == 0 or turn % every == 0 or turn == turns]
    return [progress.evaluated(turn, expert) for turn in due]


def ghost_of(config: CampaignConfig, learner: Learner, evaluations: Sequence[Evaluated]) -> Ghost:
    """The ghost of a finished plain training."""
    torch, info = sys.modules.get("torch"), learner.info()
    points = tuple(GhostPoint(e.turn, e.train_loss, e.value, e.standard_error) for e in evaluations)
    version = str(torch.__version__) if torch is not None else ""
    return Ghost(config.name, config.seed, version, info.device, info.dtype, recipe_of(config, info.data_sha256), points)


# The recipe.


def recipe_of(config: CampaignConfig, data_sha256: str) -> Recipe:
    """Everything that decides plain training, except the seed. `data_sha256` is the learner's; how its data was read is left out."""
    return tuple((name, dump_json(value)) for name, value in config.recipe(data_sha256.partition(" ")[0]).items())


def difference(ghost: Ghost, recipe: Recipe) -> str:
    """Why this ghost does not belong to a campaign of this recipe, or an empty string."""
    theirs, ours = dict(ghost.recipe), dict(recipe)
    if theirs.get("device.dtype") == dump_json("auto"):  # recorded before runs named the dtype that was chosen
        theirs["device.dtype"] = dump_json(ghost.dtype)
    if theirs.keys() != ours.keys():
        return "was made by another version of the game"
    name = next((name for name in ours if theirs[name] != ours[name]), None)
    if name == "data.sha256":
        return "was made with another text"
    return "" if name is None else f"was made with {name} {shown(theirs[name])[1:-1]}, and here it is {shown(ours[name])[1:-1]}"


# The file.


def place(campaign: Path) -> Path:
    """The ghost's file for a campaign file."""
    return campaign.parent / FOLDER / f"{campaign.stem}.json"


def find(path: Path, recipe: Recipe) -> tuple[Ghost | None, str]:
    """The ghost in `path` if it is of this recipe; else None, with a note for the player if there is a file."""
    if not os.path.lexists(path):
        return None, ""
    try:
        ghost = read(path)
    except GhostError as error:
        return None, str(error)
    if reason := difference(ghost, recipe):
        return None, f"No ghost line and no gates: the recording in {FOLDER}/{printable(path.name)} {reason}. {REMEDY}"
    return ghost, ""


def read(path: Path) -> Ghost:
    """The ghost in a file. GhostError when it is missing or damaged, or holds something else."""
    try:
        data = atomic_files.read_plain(path, MOST_BYTES + 1)
    except atomic_files.NotPlainFile as error:
        raise GhostError(f"The ghost cannot be read: {printable(str(error))}. {REMEDY}") from None
    except OSError as error:
        raise GhostError(f"The ghost {printable(path)} cannot be read: {error.strerror}. {REMEDY}") from None
    try:
        return parse(data)
    except RecordError as error:
        raise GhostError(f"The ghost {printable(path)} cannot be used: {error}. {REMEDY}") from None


def parse(data: bytes | str) -> Ghost:
    """Exact inverse of `text_of`. RecordError says what does not fit."""
    if len(data) > MOST_BYTES:
        raise RecordError(f"it is longer than {MOST_BYTES} bytes")
    plain = parse_json(data)
    if type(plain) is not dict or (version := plain.pop(VERSION, None)) is None:
        raise RecordError("it is not a ghost")
    if version != FORMAT:
        raise RecordError("it is a ghost of another version of the game")
    checksum = plain.pop(CHECKSUM, None)
    ghost = codec(Ghost).load(plain, "ghost")
    if checksum != _checksum(plain):
        raise RecordError("its checksum is wrong: it was changed or damaged")
    turns = [point.turn for point in ghost.points]
    if not turns or turns[0] != 0 or any(after <= before for before, after in pairwise(turns)):
        raise RecordError("its turns do not begin with 0 and go up")
    if len(dict(ghost.recipe)) < len(ghost.recipe):
        raise RecordError("its recipe names a value twice")
    return ghost


def text_of(ghost: Ghost) -> str:
    """The file: JSON, a point a line."""
    fields: Mapping[str, Any] = {VERSION: FORMAT, **codec(Ghost).dump(ghost), CHECKSUM: _checksum(codec(Ghost).dump(ghost))}
    return "{\n" + ",\n".join(f"{dump_json(name)}: {_lines(value)}" for name, value in fields.items()) + "\n}\n"


def write(path: Path, ghost: Ghost) -> None:
    """Replace the file at `path` in one step. GhostError."""
    try:
        atomic_files.replace(path, text_of(ghost).encode("ascii"))
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from None


def check_writable(path: Path) -> None:
    """Check, before minutes of training, that a ghost can be written to `path`. Makes the folder of ghosts. GhostError."""
    try:
        if path.parent.name == FOLDER:
            path.parent.mkdir(parents=True, exist_ok=True)
        if not path.parent.is_dir():
            raise _unwritable(path, "there is no such folder")
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise _unwritable(path, "something other than a plain file stands there")
        if not os.access(path.parent, os.W_OK):
            raise _unwritable(path, "the folder is not writable")
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from None


def _unwritable(path: Path, why: str) -> GhostError:
    return GhostError(f"The ghost cannot be written to {printable(path)}: {why}. Name another file with --out.")


def _lines(value: Any) -> str:
    if not isinstance(value, list | tuple):
        return dump_json(value)
    return "[\n" + ",\n".join(map(dump_json, value)) + "\n]"


def _checksum(plain: Any) -> str:
    """The checksum of everything else in the file, as JSON values in the file's order."""
    return hashlib.sha256(dump_json(plain).encode("ascii")).hexdigest()
