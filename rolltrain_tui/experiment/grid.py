"""The grid: which cells an experiment has. A cell is one run: an arm (class, rulebook, policy) on one seed.

What is held equal: first weights, data and dice by seed; no twins, no pace, one CPU thread; no ability triggers by itself but where
the policy lets it.
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
from rolltrain_tui.rules.classes import CLASSES
from rolltrain_tui.rules.naming import suggestion
from rolltrain_tui.rules.plugins import packages_of
from rolltrain_tui.rules.rulebooks import RULEBOOKS

FORMAT = 1
"""Raised when what a cell measures changes: older cells are run again then."""
EQUAL_FOR_ALL = {
    "twin": {"mode": "off"},
    "pace": {"turns_per_second": None, "pause_on": []},
    "speech": {"every": 0},
    "device": {"threads": 1},
    "hero": {"auto": []},
}
"""Section -> values that no arm may differ in."""


class ExperimentError(ValueError):
    """An experiment that cannot be made; the text names what is wrong and the nearest that would do."""


@dataclass(frozen=True, slots=True, order=True)
class Arm:
    """One way to play. All three empty: the control arm, which is no game at all but the learner, stepped."""

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
    """The whole campaign of this run, as JSON."""
    base: str
    """The folder that data.path is relative to."""
    text_sha256: str
    """Of the text that the campaign brings; "" for a built-in corpus."""
    probes: bool = False
    """Ask the finished run how robust it is and how it explored, and train it once more with noisy labels."""

    def config(self) -> CampaignConfig:
        return CampaignConfig.model_validate_json(self.campaign)

    @property
    def label(self) -> str:
        return f"{self.arm.title}, seed {self.seed}"

    @property
    def _asked(self) -> list[str]:
        """The control arm is asked on its way as well, so that others can be held against it at an equal loss."""
        return [] if not self.probes else ["probes", "along"] if self.arm == CONTROL else ["probes"]

    @property
    def sha256(self) -> str:
        """Of everything that decides this run: the campaign, the arm, the text, and the programs, plug-ins among them."""
        guests = packages_of((self.arm.hero_class, self.arm.rulebook, *json.loads(self.campaign)["encounters"]["bestiary"]))
        decides = (FORMAT, __version__, version("torch"), self.campaign, self.arm.hero_class, self.arm.rulebook, self.arm.policy)
        return hashlib.sha256(json.dumps([*decides, self.text_sha256, *guests, *self._asked]).encode()).hexdigest()


def chosen(words: str, known: Iterable[str], what: str) -> tuple[str, ...]:
    """The names in "barbarian,wizard", each once, in the order given. ExperimentError names the nearest to one that is not known."""
    names = tuple(dict.fromkeys(name.strip() for name in words.split(",") if name.strip()))
    if not names:
        raise ExperimentError(f"Name at least one {what}: {', '.join(known)}.")
    for name in names:
        if name not in set(known):
            raise ExperimentError(f"There is no {what} {name[:40]!a}.{suggestion(name[:40], known)}")
    return names


def grid(
    config: CampaignConfig, base: Path, *, classes: str, rulebooks: str, policies: str, seeds: int, probes: bool = False
) -> tuple[Cell, ...]:
    """Every cell, the control arm's first; seeds are the campaign's and those after it. ExperimentError, CampaignFileError."""
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
    text = _sha256_of_text(config, base)
    numbers = range(config.seed, config.seed + seeds)
    return tuple(
        Cell(arm, seed, _campaign(config, arm, seed), str(base.resolve()), text, probes) for arm in (CONTROL, *arms) for seed in numbers
    )


def _campaign(config: CampaignConfig, arm: Arm, seed: int) -> str:
    """The campaign as this arm plays it. The control arm keeps the file's hero and book: it asks neither."""
    found = config.model_dump() | {"seed": seed}
    for section, values in EQUAL_FOR_ALL.items():
        found[section] |= values
    if arm != CONTROL:
        found["hero"]["hero_class"] = arm.hero_class
        found["dice"]["rulebook"] = arm.rulebook
        found["dice"]["custom"] = config.dice.custom if arm.rulebook == "custom" else None
    return CampaignConfig.model_validate(found).model_dump_json()


def _sha256_of_text(config: CampaignConfig, base: Path) -> str:
    if config.data.path is None:
        return ""
    try:
        return hashlib.sha256((base / config.data.path).read_bytes()).hexdigest()
    except OSError as error:
        raise ExperimentError(
            f"data.path: {config.data.path} cannot be read ({error.strerror}); put the text beside the campaign."
        ) from None


def seeds_of(cells: Sequence[Cell]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(cell.seed for cell in cells))


def arms_of(cells: Sequence[Cell]) -> tuple[Arm, ...]:
    return tuple(dict.fromkeys(cell.arm for cell in cells))
