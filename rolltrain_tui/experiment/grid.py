"""The grid of an experiment. A cell is one run: an arm (class, rulebook, policy) on one seed.

Cells of one seed share initial weights, data order and dice. All cells run without twins, pace and automatic abilities, on one CPU thread;
only a policy may switch automatic abilities on.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rolltrain_tui import __version__
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.policies import POLICIES, READS_EXAMINATIONS
from rolltrain_tui.modes import MODES, campaign_file
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.naming import suggestion
from rolltrain_tui.rules.plugins import packages_of
from rolltrain_tui.rules.rulebooks import RULEBOOKS

FORMAT = 1
"""Raise it when the meaning of a cell's result changes; stored cells then run again."""
EQUAL_FOR_ALL = {
    "twin": {"mode": "off"},
    "pace": {"turns_per_second": None, "pause_on": []},
    "speech": {"every": 0},
    "device": {"threads": 1},
    "hero": {"auto": []},
}
"""Section -> values that are the same in every arm."""


class ExperimentError(ValueError):
    """The experiment cannot be run. The message names the fault and the nearest valid choice."""


@dataclass(frozen=True, slots=True, order=True)
class Arm:
    """One way to play. All three empty: the control arm, plain training without the game."""

    hero_class: str = ""
    rulebook: str = ""
    policy: str = ""

    @property
    def title(self) -> str:
        return f"{self.hero_class}, {self.rulebook}, {self.policy}" if self.policy else "plain training"


CONTROL = Arm()


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of one arm."""

    arm: Arm
    seed: int
    campaign: str
    """The complete campaign of this run, as JSON."""
    base: str
    """The folder to which data.path is relative."""
    data_sha256: str
    """Hash of the campaign's text file; "" for a built-in corpus."""
    probes: bool = False
    """Measure robustness and exploration of the finished run, and train once more with noisy labels."""

    def config(self) -> CampaignConfig:
        return campaign_file.of_json(self.campaign)

    @property
    def label(self) -> str:
        return f"{self.arm.title}, seed {self.seed}"

    @property
    def _asked(self) -> list[str]:
        """The control arm is probed during training too, so that arms can be compared with it at equal loss."""
        return [] if not self.probes else ["probes", "along"] if self.arm == CONTROL else ["probes"]

    @property
    def sha256(self) -> str:
        """Hash of everything that decides the result: campaign, arm, text, program versions, plug-ins."""
        guests = packages_of((self.arm.hero_class, self.arm.rulebook, *json.loads(self.campaign)["encounters"]["bestiary"]))
        decides = (FORMAT, __version__, version("torch"), self.campaign, self.arm.hero_class, self.arm.rulebook, self.arm.policy)
        return hashlib.sha256(json.dumps([*decides, self.data_sha256, *guests, *self._asked]).encode()).hexdigest()


def chosen(words: str, known: Iterable[str], what: str) -> tuple[str, ...]:
    """The names in a list such as "barbarian,wizard", without repeats. ExperimentError suggests the nearest known name."""
    names = tuple(dict.fromkeys(name.strip() for name in words.split(",") if name.strip()))
    if not names:
        raise ExperimentError(f"Name at least one {what}: {', '.join(known)}.")
    for name in names:
        if name not in set(known):
            raise ExperimentError(f"There is no {what} {name[:40]!r}.{suggestion(name[:40], known)}")
    return names


def grid(
    config: CampaignConfig, base: Path, *, classes: str, rulebooks: str, policies: str, seeds: int, probes: bool = False
) -> tuple[Cell, ...]:
    """All cells, those of the control arm first. Seeds count up from the campaign's. ExperimentError, CampaignFileError."""
    books = (*RULEBOOKS, "custom") if config.dice.custom is not None else tuple(RULEBOOKS)
    arms = [
        Arm(hero_class, rulebook, policy)
        for hero_class in chosen(classes, CLASSES, "class")
        for rulebook in chosen(rulebooks, books, "rulebook")
        for policy in chosen(policies, POLICIES, "policy")
    ]
    blind = sorted({arm.policy for arm in arms} & READS_EXAMINATIONS) if not config.diagnosis.examine else []
    if blind:
        raise ExperimentError(f"Policy {blind[0]} goes by examinations, and this campaign makes none: add --set diagnosis.examine=true.")
    if probes and not MODES[config.kind].probes:
        raise ExperimentError(f"--probes has no questions for a campaign of kind {config.kind}; leave it out.")
    text = _sha256_of_text(config, base)
    numbers = range(config.seed, config.seed + seeds)
    return cells_of(config, (CONTROL, *arms), numbers, base=base, data_sha256=text, probes=probes)


def cells_of(
    config: CampaignConfig, arms: Iterable[Arm], seeds: Sequence[int], *, base: Path, data_sha256: str, probes: bool
) -> tuple[Cell, ...]:
    """A cell for each of these arms on each of these seeds."""
    here = str(base.resolve())
    return tuple(Cell(arm, seed, _campaign(config, arm, seed), here, data_sha256, probes) for arm in arms for seed in seeds)


def _campaign(config: CampaignConfig, arm: Arm, seed: int) -> str:
    """The campaign of one cell as JSON. The control arm uses neither hero nor rulebook, so it keeps those of the file."""
    found = config.model_dump() | {"seed": seed}
    for section, values in EQUAL_FOR_ALL.items():
        if section in found:  # a mode without a device section has no threads to set
            found[section] |= values
    if arm != CONTROL:
        found["hero"]["hero_class"] = arm.hero_class
        found["dice"]["rulebook"] = arm.rulebook
        found["dice"]["custom"] = config.dice.custom if arm.rulebook == "custom" else None
    return type(config).model_validate(found).model_dump_json()


def _sha256_of_text(config: CampaignConfig, base: Path) -> str:
    """SHA-256 of the player's own files that the training reads; "" where it reads none."""
    found = [_sha256_of(base / source, source) for source in config.sources]
    return found[0] if len(found) == 1 else hashlib.sha256("".join(found).encode()).hexdigest() if found else ""


def _sha256_of(path: Path, name: str) -> str:
    """SHA-256 of a file, or of the files in a folder."""
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.is_file())
            return hashlib.sha256("".join(f"{file.name} {_sha256_of(file, name)} " for file in files).encode()).hexdigest()
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise ExperimentError(f"{name} cannot be read ({error.strerror}); put the file beside the campaign.") from None


def seeds_of(cells: Sequence[Cell]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(cell.seed for cell in cells))


def arms_of(cells: Sequence[Cell]) -> tuple[Arm, ...]:
    return tuple(dict.fromkeys(cell.arm for cell in cells))
