"""The twin: a counterfactual copy of the run that shows what an ability really did.

It is forked before the turn in which an ability is used, and takes every turn without that ability: same batches, same dice, same
monsters. All other abilities act on it as they do on the hero, also those used later. Hero and twin are compared several times on the way:

    d_i = mean over the looks of (hero's loss on sequence i - twin's loss on sequence i)      the same n sequences for both, at every look
    delta = mean(d)                SE = sqrt(sum_i (d_i - delta)^2 / (n - 1)) / sqrt(n)

Pairing makes the comparison sharp: how hard a sequence is adds the same to both losses and cancels in d_i. Below zero the hero is better
(above zero where higher values are better).
Several looks make it steady, because two runs that have parted cross again and again. Measured on updates tripled for ten turns at ten
times the tuned rate: one look at the twentieth turn found the harm in 68 of 90 seeds. Four looks on a quarter of the sequences each, at
the same cost, found it in 87. The SE covers the sequences, for this hero, this twin and these batches. It does not cover other seeds.

One twin walks at a time. Nothing here can change the run: the hero's learner is only read.
"""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rolltrain_tui.base.blame import told
from rolltrain_tui.base.statistics import mean_and_error, total
from rolltrain_tui.config.game_sections import TwinConfig
from rolltrain_tui.game.turn import load_effect
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import AbilityUsed, Event, HeroFell, TwinJudged, TwinLost, TwinSetOut, Verdict
from rolltrain_tui.protocol.learner import Learner, NoCopyError, StepReport
from rolltrain_tui.protocol.objective import Better

PREFIX = "twin."
"""Names of the twin's tensors in a save begin so."""
LOOKS = 4
THRESHOLD = 2.0
"""Standard errors that a difference must exceed to count."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two learners on the same part of the probe set, in the unit of their objective."""

    delta: float
    """The hero's value minus the twin's."""
    standard_error: float
    """Standard error of delta, from the paired differences; infinite for a single sequence."""

    better: Better = "lower"
    """The direction in which the objective improves."""

    @property
    def finite(self) -> bool:
        return math.isfinite(self.delta)

    @property
    def verdict(self) -> Verdict:
        """Decided only where |delta| exceeds two standard errors."""
        if not abs(self.delta) > THRESHOLD * self.standard_error:
            return "no measurable effect"
        return "helped" if (self.delta < 0) == (self.better == "lower") else "hurt"


def comparison_of(differences: Sequence[float], better: Better = "lower", overlap: float = 1.0) -> Comparison:
    """The comparison by paired differences, one for each sequence; NaN where one is not finite. `overlap`: see `Evaluation`."""
    mean, error = mean_and_error(differences)
    return Comparison(mean, error * math.sqrt(overlap), better)


def look_turns(turns: int) -> tuple[int, ...]:
    """The turns of a walk after which the two are compared: a quarter, half, three quarters and all of it; fewer on short walks."""
    return tuple(sorted({-(-turns * look // LOOKS) for look in range(1, LOOKS + 1)}))


class Twin:
    """A fork beside its hero. Before each step of the hero it takes one of its own, on the same batch and with the same noise."""

    def __init__(self, hero: Learner) -> None:
        self.hero = hero
        self.learner = hero.fork()
        self._better = hero.info().objective.better
        self.gflop = 0.0
        """Spent since the last `start_over`, looks included."""
        self._overlap = 1.0
        self.looks: list[list[float]] = []
        """The paired differences of each look so far."""

    def start_over(self) -> None:
        """Copy the hero's state: weights, moments, schedule, memory, every random stream."""
        self.learner.load_state(self.hero.tensors(), self.hero.state_dict())
        self.gflop, self.looks = 0.0, []

    def step(self, effect: StepEffect) -> StepReport:
        """The hero's next turn under another effect, before the hero takes it. Raises StepAbandoned.

        The random streams are aligned in every turn. So an ability that reads more data than the twin does not part the two for good.
        """
        self.learner.should_stop = self.hero.should_stop
        self.learner.follow(self.hero)
        report = self.learner.step(effect)
        self.gflop += report.gflop
        return report

    def look(self, sequences: int) -> Comparison:
        """Compare the two now, on the first `sequences` of the probe set. The energy of both evaluations counts as the twin's."""
        hero, twin = (learner.evaluate(sequences) for learner in (self.hero, self.learner))
        self.gflop += hero.gflop + twin.gflop
        self.looks.append([a - b for a, b in zip(hero.values, twin.values, strict=True)])
        self._overlap = hero.overlap
        return comparison_of(self.looks[-1], self._better, self._overlap)

    def judge(self) -> Comparison:
        """Compare over all looks. They must have used the same sequences."""
        means = [total(of_sequence) / len(self.looks) for of_sequence in zip(*self.looks, strict=True)]
        return comparison_of(means, self._better, self._overlap)

    def tensors(self) -> dict[str, Any]:
        return self.learner.tensors()

    def state_dict(self) -> dict[str, Any]:
        return {"gflop": self.gflop, "looks": self.looks, "learner": self.learner.state_dict()}

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Exact inverse of tensors() and state_dict(). ValueError when they do not fit."""
        self.learner.load_state(tensors, state["learner"])
        self.gflop = float(state["gflop"])
        self.looks = [[float(d) for d in look] for look in state["looks"]]


@dataclass(slots=True)
class Walk:
    """A twin under way."""

    ability: str
    """The ability that it does without; "" for all of the hero's."""
    abilities: tuple[str, ...]
    since: int
    turns: int
    walked: int = 0


class Shadow:
    """The twins of one campaign. `abilities` are the hero's."""

    def __init__(self, config: TwinConfig, learner: Learner, abilities: tuple[str, ...]) -> None:
        self._config, self._learner, self._abilities = config, learner, abilities
        self._gflop = 0.0
        """Spent on the twins before the present one."""
        self._twin: Twin | None = None
        """Made at first use and kept, so that a second copy of the model is allocated once."""
        self._off = config.mode == "off"
        """Also once it is known that the learner cannot be copied."""
        self._walk: Walk | None = None
        self._effect: StepEffect | None = None
        """This turn's effect without the watched abilities, until the twin has stepped."""

    @property
    def gflop(self) -> float:
        """Spent on all twins so far, evaluations included. It does not count as the run's."""
        return self._gflop + (self._twin.gflop if self._twin is not None else 0.0)

    def begin_turn(self, turn: int, facts: Iterable[Event], without: Callable[[Collection[str]], StepEffect]) -> Iterator[Event]:
        """After the rules have decided the turn, before anyone steps. `without` is the rules' effect_without."""
        if self._walk is not None:
            yield from self._prepare(turn, without)
        if self._walk is None and not self._off and (ability := self._fired(facts)) is not None:
            yield from self._set_out(turn, ability)
            if self._walk is not None:
                self._effect = without(self._walk.abilities)

    def _prepare(self, turn: int, without: Callable[[Collection[str]], StepEffect]) -> Iterator[Event]:
        """The effect for a walking twin, unless its walk ends here."""
        assert self._walk is not None
        if self._off:
            yield self._lose(turn, "twins are switched off")
            return
        effect = without(self._walk.abilities)
        if effect.rollback or effect.restore_best:
            yield self._lose(turn, "the weights go back to an earlier state, on both roads")
            return
        self._effect = effect

    def _fired(self, facts: Iterable[Event]) -> str | None:
        """The ability that a new twin watches: the first used in this turn."""
        if self._config.mode == "always":
            return ""
        return next((fact.ability for fact in facts if isinstance(fact, AbilityUsed)), None)

    def _set_out(self, turn: int, ability: str) -> Iterator[Event]:
        self._gflop, trouble = self.gflop, ""
        self._walk = Walk(ability, (ability,) if ability else self._abilities, turn, self._config.turns)
        try:
            if self._twin is None:
                self._twin = Twin(self._learner)
            else:
                self._twin.start_over()
        except NoCopyError as error:
            self._off, trouble = True, f"it could not be made ({error}), and no other is tried"
        except (RuntimeError, MemoryError) as error:
            self._twin, trouble = None, f"it could not be made ({told(error)})"
        yield TwinSetOut(turn, ability, self._config.turns)
        if trouble:
            yield self._lose(turn, trouble)

    def step(self, turn: int) -> Iterator[Event]:
        """The twin's step, before the hero's. After StepAbandoned it is taken on resuming."""
        if self._walk is None or self._effect is None:
            return
        assert self._twin is not None
        try:
            self._twin.step(self._effect)
        except (RuntimeError, MemoryError) as error:
            yield self._lose(turn, f"its training failed ({told(error)})")
            return
        self._effect = None
        self._walk.walked += 1

    def end_turn(self, turn: int, facts: Iterable[Event], *, last: bool) -> Iterator[Event]:
        """After the turn's consequences. In the campaign's last turn a twin is judged on the turns it has walked."""
        if self._walk is None:
            return
        if any(isinstance(fact, HeroFell) for fact in facts):
            yield self._lose(turn, "the hero fell, and what was done since the last camp is undone")
            return
        over = last or self._walk.walked >= self._walk.turns
        if over or self._walk.walked in look_turns(self._walk.turns):
            yield from self._look(turn)
        if over and self._walk is not None:
            yield self._judge(turn)

    def _look(self, turn: int) -> Iterator[Event]:
        """Compare the two on the way. The looks share the sequences that a verdict may cost."""
        assert self._walk is not None
        assert self._twin is not None
        share = -(-self._config.sequences // len(look_turns(self._walk.turns)))
        if not self._twin.look(share).finite:
            yield self._lose(turn, f"a {self._learner.info().objective.name} was not finite")

    def _judge(self, turn: int) -> TwinJudged:
        walk, twin = self._walk, self._twin
        assert walk is not None
        assert twin is not None
        found, self._walk = twin.judge(), None
        return TwinJudged(turn, walk.ability, walk.since, walk.walked, found.delta, found.standard_error, found.verdict, self.gflop)

    def _lose(self, turn: int, reason: str) -> TwinLost:
        walk, self._walk, self._effect = self._walk, None, None
        assert walk is not None
        return TwinLost(turn, walk.ability, walk.since, walk.walked, reason, self.gflop)

    # Saves.

    def tensors(self) -> dict[str, Any]:
        """The twin's, while one walks; their names begin with PREFIX."""
        if self._walk is None or self._twin is None:
            return {}
        return {PREFIX + name: tensor for name, tensor in self._twin.tensors().items()}

    def state_dict(self) -> dict[str, Any]:
        """As JSON values."""
        if self._walk is None or self._twin is None:
            return {"gflop": self.gflop, "walk": None}
        return {
            "gflop": self._gflop,
            "walk": {**asdict(self._walk), "abilities": list(self._walk.abilities)},
            "effect": None if self._effect is None else asdict(self._effect),
            "twin": self._twin.state_dict(),
        }

    def load_state(self, state: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
        """Exact inverse of state_dict() and tensors(), once the hero's learner has been loaded. ValueError when they do not fit."""
        self._gflop, self._twin, self._walk, self._effect = float(state["gflop"]), None, None, None
        if (walk := state["walk"]) is None:
            return
        self._walk = Walk(**{**walk, "abilities": tuple(walk["abilities"])})
        if self._off:  # switched off since the save: the next turn tells of it, and no second model is made
            self._gflop += float(state["twin"]["gflop"])
            return
        self._effect = load_effect(state["effect"])
        self._twin = Twin(self._learner)
        own = {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
        self._twin.load_state(own, state["twin"])
