"""When a shadow twin sets out, walks, and is judged or lost.

One twin at a time. It is forked before the turn in which an ability is used, and takes every turn without the abilities it watches: same
batches, same dice, same monsters, and all other abilities act on it as they do on the hero, those used later included. Nothing here
can change the run: the hero's learner is only read.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rolltrain_tui.config.schema import TwinConfig
from rolltrain_tui.game.turn import load_effect
from rolltrain_tui.game.twin import Twin, look_turns
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import AbilityUsed, Event, HeroFell, TwinJudged, TwinLost, TwinSetOut
from rolltrain_tui.protocol.learner import Learner

PREFIX = "twin."
"""Of the twin's tensors in a save."""


@dataclass(slots=True)
class Walk:
    """A twin under way."""

    ability: str
    """The one it watches; "" for all of the hero's."""
    abilities: tuple[str, ...]
    since: int
    turns: int
    walked: int = 0


class Shadow:
    """The twins of one campaign. `abilities` are the hero's."""

    def __init__(self, config: TwinConfig, learner: Learner, abilities: tuple[str, ...]) -> None:
        self._config, self._learner, self._abilities = config, learner, abilities
        self._gflop = 0.0
        """Of the twins before the present one."""
        self._twin: Twin | None = None
        """Made at first need and kept: a second copy of the model is paid for once."""
        self._walk: Walk | None = None
        self._effect: StepEffect | None = None
        """This turn's effect without the abilities watched, until the twin has stepped."""

    @property
    def gflop(self) -> float:
        """Spent on all twins so far, their evaluations included; no part of the run's own."""
        return self._gflop + (self._twin.gflop if self._twin is not None else 0.0)

    def begin_turn(self, turn: int, facts: Iterable[Event], without: Callable[[Collection[str]], StepEffect]) -> Iterator[Event]:
        """After the rules have decided the turn, before anyone steps. `without` is the rules' effect_without."""
        off = self._config.mode == "off"
        if off and self._walk is None:
            return
        if self._walk is not None:
            yield from self._prepare(turn, without, off)
        if self._walk is None and not off and (ability := self._fired(facts)) is not None:
            yield from self._set_out(turn, ability)
            if self._walk is not None:
                self._effect = without(self._walk.abilities)

    def _prepare(self, turn: int, without: Callable[[Collection[str]], StepEffect], off: bool) -> Iterator[Event]:
        """The effect for a twin on its way, unless its way ends here."""
        assert self._walk is not None
        if off:
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
        except (RuntimeError, MemoryError) as error:
            self._twin, trouble = None, _trouble(error)
        yield TwinSetOut(turn, ability, self._config.turns)
        if trouble:
            yield self._lose(turn, trouble)

    def step(self, turn: int) -> Iterator[Event]:
        """The twin's part of the turn, taken before the hero's. StepAbandoned leaves it to be taken on resuming."""
        if self._walk is None or self._effect is None:
            return
        assert self._twin is not None
        try:
            self._twin.step(self._effect)
        except (RuntimeError, MemoryError) as error:
            yield self._lose(turn, _trouble(error))
            return
        self._effect = None
        self._walk.walked += 1

    def end_turn(self, turn: int, facts: Iterable[Event], *, last: bool) -> Iterator[Event]:
        """After the turn's consequences. In the campaign's last turn a twin is judged by the turns it has walked."""
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
        """How the two compare on the way; every look has its share of the sequences that a verdict may cost."""
        assert self._walk is not None
        assert self._twin is not None
        share = -(-self._config.sequences // len(look_turns(self._walk.turns)))
        if not self._twin.look(share).finite:
            yield self._lose(turn, "a validation loss was not finite")

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
        if self._config.mode == "off":  # the player has switched it off since: it will be told, and costs no second model
            self._gflop += float(state["twin"]["gflop"])
            return
        self._effect = load_effect(state["effect"])
        self._twin = Twin(self._learner)
        own = {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
        self._twin.load_state(own, state["twin"])


def _trouble(error: Exception) -> str:
    return f"its training failed ({type(error).__name__}: {error})"
