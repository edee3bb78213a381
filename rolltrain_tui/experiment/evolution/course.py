"""The course of an evolution: generation after generation, each a list of jobs; what was done before is read and not done again."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.jobs import Died, Executor, Stopped
from rolltrain_tui.base.json_records import parse_json
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.experiment.evolution.leg import Birth, Leg, Walked, give_birth, rehearse, verdict, walk
from rolltrain_tui.experiment.evolution.plan import PLAN, Plan
from rolltrain_tui.experiment.evolution.search import Exchange, Settings, exchanges, first_settings, ranked
from rolltrain_tui.experiment.grid import ExperimentError
from rolltrain_tui.runs import saves

MEMBERS, LEGS, CRADLE = "members", "legs", "births"


@dataclass(frozen=True, slots=True)
class Member:
    """One of the population, as it stands."""

    index: int
    run: str
    """Its run folder."""
    settings: Settings
    past: tuple[tuple[int, Settings], ...]
    """(turn, settings from there on) along its line of parents; the first is turn 0."""
    parents: tuple[str, ...] = ()
    """Run folders that it comes from, the oldest first."""
    turn: int = 0
    value: float = nan
    curve: tuple[tuple[int, float], ...] = ()
    gflop: float = 0.0
    """Spent on its own line."""
    ended: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """The population after something happened, and what, in a sentence."""

    words: str
    generation: int
    """From 1."""
    members: tuple[Member, ...]
    spent: float
    """GFLOP of all members, also of those that were replaced."""
    finished: bool = False


@dataclass(slots=True)
class Evolution:
    """An evolution in its folder. `scenes` lives it, or lives it again up to where it was stopped and goes on from there."""

    plan: Plan
    folder: Path
    members: list[Member] = field(init=False)
    spent: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        first = first_settings(self.plan)
        self.members = [Member(i, _name(i, 1), settings, ((0, settings),)) for i, settings in enumerate(first)]

    @property
    def runs(self) -> Path:
        return self.folder / MEMBERS

    @property
    def cradle(self) -> Path:
        return self.folder / CRADLE

    def scenes(self, execute: Executor, stopped: Stopped) -> Iterator[Scene]:
        """Ends early when `stopped` answers True. ExperimentError where nothing can go on; OSError."""
        with ExitStack() as stack:
            try:
                stack.enter_context(saves.Lock(self.folder))
            except saves.SaveError:
                raise ExperimentError(f"{self.folder} is in use by another rolltrain; close that one first.") from None
            yield from self._scenes(execute, stopped)

    def _scenes(self, execute: Executor, stopped: Stopped) -> Iterator[Scene]:
        plan, goals = self.plan, self.plan.goals
        if self.cradle.is_dir():  # what an interrupted birth left
            atomic_files.discard(self.cradle)
        births = [self._first(member) for member in self.members]
        for generation, goal in enumerate(goals, 1):
            self._born(births, execute, stopped)
            if plan.exchanged and not (self.folder / LEGS).exists() and not stopped():
                self._rehearse(births, execute, stopped)
            if stopped():
                return
            yield from self._walked(generation, goal, execute, stopped)
            if stopped():
                return
            if generation < len(goals):
                births = []
                for exchange in self._exchanges(generation):
                    births.append(self._replace(exchange, generation, goal))
                    yield self._scene(_exchange_words(plan, exchange, goal), generation)
        yield replace(self._scene("The evolution is over.", len(goals)), finished=True)

    # Births.

    def _first(self, member: Member) -> Birth:
        """The birth of a member at the beginning."""
        campaign = self.plan.campaign_of(member.index, member.settings).model_dump_json()
        return Birth(str(self.runs), str(self.cradle), member.run, campaign, self.plan.base)

    def _born(self, births: Sequence[Birth], execute: Executor, stopped: Stopped) -> None:
        """Make the run folders that are not there. All are born before one goes on: a parent's save must still be there."""
        left = [birth for birth in births if not (self.runs / birth.name).is_dir()]
        self.runs.mkdir(parents=True, exist_ok=True)
        for birth, found in execute(give_birth, left, stopped):
            if isinstance(found, Died):
                raise ExperimentError(f"{birth.name} cannot begin: {one_line(found.why, 300)}")

    def _rehearse(self, births: Sequence[Birth], execute: Executor, stopped: Stopped) -> None:
        """A setting such as the model's width cannot change on the way: say so before anything is trained."""
        for _, found in execute(rehearse, [tuple(births)], stopped):
            if isinstance(found, Died):
                why = f"Members cannot take over from one another with these settings ({one_line(found.why, 200)})"
                atomic_files.discard(self.runs)
                (self.folder / PLAN).unlink(missing_ok=True)
                raise ExperimentError(f"{why}; --method random seeks them from the beginning.")

    # Legs.

    def _walked(self, generation: int, goal: int, execute: Executor, stopped: Stopped) -> Iterator[Scene]:
        """All members reach the turn, or fail."""
        left = {}
        for member in self.members:
            known = self._read(generation, member)
            if known is not None:
                self._note(member.index, known)
            elif not (member.ended or member.failure):
                left[Leg(str(self.runs), member.run, goal)] = member.index
        of = f"Generation {generation} of {len(self.plan.goals)}"
        yield self._scene(f"{of} sets out, to turn {goal}." if left else f"{of} was done before.", generation)
        failed = []
        for leg, found in execute(walk, list(left), stopped):
            index = left[leg]
            if isinstance(found, Died):
                failed.append(found.why)
                before = self.members[index]
                found = Walked(before.run, before.turn, nan, before.gflop, False, before.curve, found.why)
            if len(failed) < len(self.members):
                self._write(generation, index, found)
            self._note(index, found)
            yield self._scene(_walk_words(self.plan, self.members[index]), generation)
        if len(failed) == len(self.members):
            for index in range(len(self.members)):
                self._leg(generation, index).unlink(missing_ok=True)
            raise ExperimentError(f"No member got through generation {generation}: {one_line(failed[0], 300)}")

    def _note(self, index: int, found: Walked) -> None:
        member = self.members[index]
        self.spent += found.gflop - member.gflop
        self.members[index] = replace(
            member,
            turn=found.turn,
            value=found.value,
            curve=found.curve,
            gflop=found.gflop,
            ended=found.ended,
            failure=found.failure,
        )

    def _leg(self, generation: int, index: int) -> Path:
        return self.folder / LEGS / f"{_name(index, generation)}.json"

    def _write(self, generation: int, index: int, found: Walked) -> None:
        path = self._leg(generation, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.replace(path, json.dumps(found.as_json(), allow_nan=False).encode() + b"\n")

    def _read(self, generation: int, member: Member) -> Walked | None:
        """What the leg came to; None where it is not done, or its file is damaged. OSError for a folder."""
        try:
            found = Walked.of_json(parse_json(atomic_files.content_of(self._leg(generation, member.index))))
        except IsADirectoryError:
            raise  # what it came to could not be stored in its place
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return found if found.run == member.run else None

    # Selection.

    def _exchanges(self, generation: int) -> list[Exchange]:
        if not self.plan.exchanged:
            return []
        values, settings = [member.value for member in self.members], [member.settings for member in self.members]
        alive = [not (member.ended or member.failure) for member in self.members]
        return exchanges(self.plan, generation, values, settings, alive)

    def _replace(self, exchange: Exchange, generation: int, turn: int) -> Birth:
        """The loser goes on as a branch of the winner; its own run stays where it is."""
        parent = self.members[exchange.winner]
        run = _name(exchange.loser, generation + 1)
        self.members[exchange.loser] = replace(
            parent,
            index=exchange.loser,
            run=run,
            settings=exchange.settings,
            past=(*parent.past, (turn, exchange.settings)),
            parents=(*parent.parents, parent.run),
        )
        return Birth(str(self.runs), str(self.cradle), run, "", self.plan.base, parent.run, turn, self.plan.overrides(exchange.settings))

    def _scene(self, words: str, generation: int) -> Scene:
        return Scene(words, generation, tuple(self.members), self.spent)

    @property
    def ranking(self) -> list[Member]:
        """Best first."""
        return [self.members[index] for index in ranked(self.plan, [member.value for member in self.members])]

    def verdicts(self, execute: Executor, stopped: Stopped) -> Iterator[tuple[Member, str]]:
        """Train every member again, back through its parents: what `rolltrain verify` says of it."""
        places = {str(self.runs / member.run): member for member in self.members}
        for place, found in execute(verdict, list(places), stopped):
            yield places[place], f"cannot be verified: {one_line(found.why, 200)}" if isinstance(found, Died) else found


def _name(index: int, generation: int) -> str:
    """The name of the run with which a member begins this generation."""
    return f"m{index:02d}-g{generation:02d}"


def title(index: int) -> str:
    return f"m{index:02d}"


def settings_words(plan: Plan, settings: Settings) -> str:
    """Such as "learning_rate 0.004, weight_decay 0.1"."""
    pairs = zip(plan.mutations, settings, strict=True)
    return ", ".join(f"{mutation.path.rpartition('.')[2]} {mutation.words(value)}" for mutation, value in pairs)


def _walk_words(plan: Plan, member: Member) -> str:
    if member.failure:
        return f"{title(member.index)} failed: {one_line(member.failure, 160)}"
    objective = plan.config.objective
    value = f"{member.value:.{objective.digits + 1}f}" if isfinite(member.value) else "not finite"
    return f"{title(member.index)} is at turn {member.turn}: {objective.name} {value}, with {settings_words(plan, member.settings)}."


def _exchange_words(plan: Plan, exchange: Exchange, turn: int) -> str:
    loser, winner = title(exchange.loser), title(exchange.winner)
    return f"{loser} goes on from {winner} at turn {turn}, with {settings_words(plan, exchange.settings)}."
