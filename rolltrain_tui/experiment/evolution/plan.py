"""What an evolution is: everything that its members follow from, on disk beside them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_records import codec, parse_json
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.grid import EQUAL_FOR_ALL, ExperimentError
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.changes import lasts

Method = Literal["pbt", "random", "grid"]
METHODS: tuple[Method, ...] = get_args(Method)
PLAN = "evolution.json"
FORMAT = 1
WIDE = 10.0
"""A setting without a range is sought from a tenth to ten times of the campaign's value."""
FIXED = ("seed", "turns", "schema_version", "device", "twin", "pace", "speech", "save", "evaluation")
"""Parts of a campaign that all members have in common."""
DIGITS = 4
"""Significant digits of a setting, so that people can read and type it."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A number of the campaign that is sought in [low, high]: by its logarithm where low is above 0."""

    path: str
    low: float
    high: float
    whole: bool = False

    @property
    def by_ratio(self) -> bool:
        return self.low > 0

    def fitted(self, value: float) -> float:
        """The value in the range, as it is written into the campaign."""
        value = float(round(value)) if self.whole else float(f"{value:.{DIGITS}g}")
        return min(max(value, self.low), self.high)

    def words(self, value: float) -> str:
        """The value as an override takes it, to the last bit."""
        return str(int(value)) if self.whole else repr(value).removesuffix(".0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    campaign: str
    """The campaign of the first member, as JSON. Member i has a seed that is i higher."""
    base: str
    """The folder to which paths in the campaign are relative."""
    method: Method
    population: int
    every: int
    """Turns of a generation."""
    cut: float
    """Share of the population that is replaced after a generation, and that it is replaced from."""
    mutations: tuple[Mutation, ...]
    config: CampaignConfig = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """ExperimentError where this rolltrain cannot read the campaign."""
        try:
            object.__setattr__(self, "config", campaign_file.of_json(self.campaign))
        except ValueError as error:
            raise ExperimentError(f"the evolution's campaign cannot be read by this rolltrain: {one_line(str(error), 200)}") from None

    @property
    def goals(self) -> tuple[int, ...]:
        """The last turn of each generation."""
        return (*range(self.every, self.config.turns, self.every), self.config.turns)

    @property
    def exchanged(self) -> int:
        """How many members are replaced after a generation."""
        return max(1, int(self.population * self.cut)) if self.method == "pbt" else 0

    def campaign_of(self, index: int, settings: Sequence[float]) -> CampaignConfig:
        """The campaign of a member that begins with these settings."""
        overrides = [f"seed={self.config.seed + index}", *self.overrides(settings)]
        return campaign_file.load_text(campaign_file.dump(self.config), "the campaign", overrides)

    def overrides(self, settings: Sequence[float]) -> tuple[str, ...]:
        return tuple(f"{mutation.path}={mutation.words(value)}" for mutation, value in zip(self.mutations, settings, strict=True))

    # On disk.

    def write(self, folder: Path) -> None:
        """Lay it beside the members. ExperimentError where the folder holds another evolution."""
        known = Plan.read(folder)
        if known is not None and known != self:
            raise ExperimentError(f"{folder} holds another evolution ({known.words}); name another folder with --out.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            page = {"format": FORMAT, **{part.name: getattr(self, part.name) for part in fields(self) if part.init}}
            page["mutations"] = [asdict(mutation) for mutation in self.mutations]
            atomic_files.replace(folder / PLAN, json.dumps(page, indent=1).encode() + b"\n")
        except OSError as error:
            raise ExperimentError(f"{folder} cannot be written ({error.strerror}); name another folder with --out.") from None

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The evolution in a folder; None where there is none. ExperimentError for a page that cannot be read."""
        path = folder / PLAN
        try:
            page: Any = parse_json(atomic_files.content_of(path))
            if not isinstance(page, dict) or not isinstance(made := page.pop("format", None), int):
                raise ValueError("it is no JSON object with a format")
            if made > FORMAT:
                raise ExperimentError(f"{path} was written by a newer rolltrain; go on with that one.")
            return codec(cls).load(page, "plan")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ExperimentError:
            raise
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ExperimentError(f"{path} does not describe an evolution ({one_line(str(error), 80)}); take it out.") from None

    @property
    def words(self) -> str:
        sought = ", ".join(f"{mutation.path} {mutation.low:g}..{mutation.high:g}" for mutation in self.mutations)
        name = one_line(self.config.name, 40)
        every = counted(self.every, "turn")
        return f"{name}: {self.method}, {self.population} members from seed {self.config.seed}, every {every}, {sought}"


def plan(
    config: CampaignConfig, base: Path, *, method: Method, population: int, every: int | None, cut: float, mutate: Sequence[str]
) -> Plan:
    """A new evolution. ExperimentError, CampaignFileError: what is wrong, before anything is trained."""
    if not mutate:
        raise ExperimentError(
            "Name what is sought, such as --mutate optimizer.learning_rate or --mutate optimizer.learning_rate=1e-4..1e-2."
        )
    settled = _settled(config)
    mutations = tuple(_mutation(settled, words) for words in mutate)
    if len({mutation.path for mutation in mutations}) < len(mutations):
        raise ExperimentError("--mutate names a setting twice; name each once.")
    for mutation in mutations:
        if method == "pbt" and lasts(mutation.path, settled):
            raise ExperimentError(
                f"--mutate {mutation.path} cannot be sought by pbt, whose members go on as branches: a run keeps the value that it began "
                "with. Take --method random, which begins each member anew, or seek another setting."
            )
    return Plan(
        campaign=settled.model_dump_json(),
        base=str(base.resolve()),
        method=method,
        population=population,
        every=_generation(settled, every),
        cut=cut,
        mutations=mutations,
    )


def _settled(config: CampaignConfig) -> CampaignConfig:
    """Without a twin, a pace and speech, on one thread: they cost time, and no member needs them."""
    found = config.model_dump()
    for section, values in EQUAL_FOR_ALL.items():
        if section in found and section != "hero":
            found[section] |= values
    return type(config).model_validate(found)


def _generation(config: CampaignConfig, every: int | None) -> int:
    """A generation ends with an evaluation, because members are judged by it."""
    step, turns = config.evaluation.every, config.turns
    if every is None:
        every = max(step, turns // 5 // step * step)
    if not 0 < every < turns or every % step:
        most = (turns - 1) // step * step
        if most < step:
            remedy = f"--set evaluation.every={max(1, turns // 5)}"
            often = counted(step, "turn")
            raise ExperimentError(f"This campaign is evaluated every {often}, and has {turns}: {remedy} makes generations possible.")
        nearest = min(most, max(step, round(every / step) * step))
        words = f"a generation ends with an evaluation, and this campaign has one every {step} of its {turns} turns"
        raise ExperimentError(f"--every {every} will not do: {words}. The nearest is --every {nearest}.")
    return every


def _mutation(config: CampaignConfig, words: str) -> Mutation:
    path, equals, span = words.partition("=")
    path = path.strip()
    value = _number_at(config, path)
    if not equals:
        if value is None or value == 0:
            raise ExperimentError(f"{path} is {'0' if value == 0 else 'not set'}, so its range has to be named: --mutate {path}=LOW..HIGH")
        low, high = sorted((value / WIDE, value * WIDE))
    else:
        first, _, last = span.partition("..")
        try:
            low, high = float(first), float(last)
        except ValueError:
            raise ExperimentError(f"--mutate {one_line(words, 60)!r}: write the range as LOW..HIGH, such as 1e-4..1e-2.") from None
    whole = isinstance(value, int)
    if whole:
        low, high = float(max(1, round(low))) if low > 0 else float(round(low)), float(round(high))
    if not low < high or high - low in (float("inf"), float("nan")):
        raise ExperimentError(f"--mutate {one_line(words, 60)!r}: the range goes from a lower to a higher number.")
    mutation = Mutation(path, low, high, whole)
    for end in (low, high):
        _check(config, path, mutation.words(end))
    return mutation


def _number_at(config: CampaignConfig, path: str) -> float | int | None:
    """The campaign's value. ExperimentError where there is none, or it is no number."""
    found: Any = config.model_dump()
    for key in path.split("."):
        if not isinstance(found, dict) or key not in found:
            _check(config, path, "1")  # knows the nearest name
            raise ExperimentError(f"--mutate {one_line(path, 60)!r}: the campaign has no such number.")
        found = found[key]
    if path.partition(".")[0] in FIXED:
        raise ExperimentError(f"--mutate {one_line(path, 60)!r} cannot be sought: it is the same for all members.")
    if isinstance(found, bool) or not isinstance(found, int | float | None):
        raise ExperimentError(f"--mutate {one_line(path, 60)!r} cannot be sought: it is no number.")
    return found


def _check(config: CampaignConfig, path: str, value: str) -> None:
    """CampaignFileError where the campaign does not take the value."""
    try:
        campaign_file.load_text(campaign_file.dump(config), "the campaign", [f"{path}={value}"])
    except ValueError as error:
        raise ExperimentError(str(error).replace("--set", "--mutate", 1)) from None
