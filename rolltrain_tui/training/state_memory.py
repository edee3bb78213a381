"""What a learner looks back on: the last camp, and where levers ask for it the average of the weights, the best of the last evaluations,
the norms of the last updates and the pulse of an examination. Nothing that nobody may ask for is made, kept or saved.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation
from rolltrain_tui.training import measures
from rolltrain_tui.training.layer_history import LayerHistory
from rolltrain_tui.training.levers import Levers
from rolltrain_tui.training.schedules import Schedule
from rolltrain_tui.training.snapshots import LearnerStateError, Snapshot, fitting
from rolltrain_tui.training.weight_average import FIRST_MOMENTS, Average, Remembered, Ring, forget_momentum


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a turn began, as far as it may have to be taken back."""

    before: Snapshot | None
    average: Average | None
    pulse: LayerHistory | None
    norms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SavedMemory:
    """A saved memory, read and checked but not yet taken over."""

    now: Snapshot | None
    """None where somebody else keeps weights and moments."""
    camp: Snapshot
    average: Average | None
    ring: Ring | None
    pulse: LayerHistory | None
    norms: list[float] | None
    names: frozenset[str]
    """Of the tensors it was read from."""


class TrainingMemory:
    """The memory of one learner. `every`: turns between examinations."""

    def __init__(self, model: nn.Module, levers: Levers, schedule: Schedule, layers: Sequence[measures.Layer], every: int) -> None:
        self.model, self.levers, self.optimizer, self.schedule = model, levers, levers.optimizer, schedule
        self.layers, self.every = layers, every
        self.camp = self.capture()
        """Where a rollback returns to; at first the start."""
        self.average: Average | None = None
        self.ring: Ring | None = None
        self.pulse: LayerHistory | None = None

    def prepare(self, levers: Collection[str]) -> None:
        """From here on these levers may be asked for, and an examination if "examine" is among them."""
        self.average = Average(self.levers.parameters) if "heal_alpha" in levers or "examine" in levers else None
        self.pulse = LayerHistory() if "examine" in levers else None
        self.ring = Ring() if "restore_best" in levers else None
        if "norm_cap" in levers:
            self.levers.watch_norms()

    @property
    def prepared(self) -> list[str]:
        made = {"heal_alpha": self.average, "restore_best": self.ring, "norm_cap": self.levers.norms, "examine": self.pulse}
        return [lever for lever, memory in made.items() if memory is not None]

    def capture(self) -> Snapshot:
        return Snapshot.take(self.model, self.optimizer, self.schedule.place())

    def restore(self, snapshot: Snapshot) -> None:
        snapshot.put_back(self.model, self.optimizer)
        self.schedule.return_to(snapshot.place)

    def remember(self, evaluation: Evaluation) -> None:
        """Keep the state an evaluation is of, where restore_best may be asked for."""
        if self.ring is not None and math.isfinite(evaluation.value):
            self.ring.remember(evaluation.value, self.capture())

    # -----------------------------------------------------------------------------------------------------------------
    # A turn

    def mark(self, effect: StepEffect) -> Mark:
        """Before a turn. Only one that changes the weights before its last batch has been read needs a copy to go back to."""
        before = self.capture() if effect.extra_steps or acts_before_the_step(effect) else None
        return Mark(before, self.average, self.pulse, tuple(self.levers.norms or ()))

    def take_back(self, mark: Mark) -> None:
        """The turn never was."""
        for p in self.levers.parameters:
            p.grad = None
        if mark.before is not None:
            self.restore(mark.before)
        self.average, self.pulse = mark.average, mark.pulse
        self.forget_norms_since(mark.norms)

    def forget_norms_since(self, norms: Collection[float]) -> None:
        if self.levers.norms is not None:
            self.levers.watch_norms(norms)

    def before_the_step(self, effect: StepEffect, measured: dict[str, float], evaluate: Callable[[], Evaluation] | None) -> float:
        """What returns, heals or forgets before the batch is read; the GFLOP of the evaluations that prove it, where there are any."""
        spent = 0.0
        if effect.rollback:
            measured["rollback"] = self.camp.distance(self.model)
            self.restore(self.camp)
        if effect.restore_best:
            spent += self._restore_best(measured, evaluate)
        if self.average is not None and (effect.rollback or effect.restore_best):
            self.average = Average(self.levers.parameters)  # the average of what was left behind would only draw back to it
            self.pulse = self.pulse.returned() if self.pulse is not None else None
        if effect.heal_alpha:
            spent += self._heal(effect.heal_alpha, measured, evaluate)
        if effect.forget_momentum:
            measured["forget_momentum.before"], measured["forget_momentum"] = forget_momentum(self.optimizer)
        return spent

    def _restore_best(self, measured: dict[str, float], evaluate: Callable[[], Evaluation] | None) -> float:
        """Weights and moments of the best remembered evaluation; its loss is measured again on the spot. The schedule goes on."""
        assert self.ring is not None, "restore_best looks back: name it to prepare first"
        if (best := self.ring.best) is None:  # no evaluation yet, or none was finite
            return 0.0
        best.snapshot.put_back(self.model, self.optimizer)
        measured["restore_best.stored"], measured["restore_best.age"] = best.loss, float(self.ring.evaluations - best.evaluation)
        if evaluate is None:
            return 0.0
        found = evaluate()
        measured["restore_best"] = found.value
        return found.gflop

    def _heal(self, alpha: float, measured: dict[str, float], evaluate: Callable[[], Evaluation] | None) -> float:
        """Towards the average of the last turns' weights, with the validation loss before and after."""
        assert self.average is not None, "heal_alpha looks back: name it to prepare first"
        assert 0 <= alpha <= 1, f"not a lever's range: heal_alpha {alpha}"
        if evaluate is None:
            measured["heal_alpha"] = self.average.heal(self.levers.parameters, alpha)
            return 0.0
        before = evaluate()
        measured["heal_alpha"] = self.average.heal(self.levers.parameters, alpha)
        after = evaluate()
        measured["heal_alpha.val_before"], measured["heal_alpha.val_after"] = before.value, after.value
        return before.gflop + after.gflop

    def here(self) -> list[Tensor] | None:
        """A copy of the weights before a turn whose move an examination will ask for; else None."""
        if self.pulse is None or not self.pulse.looks_at(self.every):
            return None
        return [p.detach().clone() for p in self.levers.parameters]

    @torch.no_grad()
    def move(self, here: list[Tensor] | None) -> list[float] | None:
        """How far each layer has moved since `here`."""
        return None if here is None else measures.lengths(self.layers, torch._foreach_sub(self.levers.parameters, here))

    @torch.no_grad()
    def after_the_step(self, move: list[float] | None, *, finite: bool) -> None:
        """One turn further: the average follows, and where an examination is due the weights are measured."""
        if self.average is not None and finite:
            self.average.follow(self.levers.parameters)
        if self.pulse is None:
            return
        self.pulse = self.pulse.walked(move)
        if self.pulse.turns % self.every == 0:
            self.pulse = self.pulse.weighed(measures.whole(measures.lengths(self.layers, self.levers.parameters)))

    def first_moments(self) -> list[Tensor] | None:
        """What the optimiser remembers of past gradients, one tensor for each parameter; None where it has no such memory (yet)."""
        moments = [self.optimizer.state.get(p, {}).get(key) for p in self.levers.parameters for key in FIRST_MOMENTS]
        kept = [moment for moment in moments if isinstance(moment, Tensor)]
        return kept if len(kept) == len(self.levers.parameters) else None

    # -----------------------------------------------------------------------------------------------------------------
    # Kept

    def tensors(self, *, now: bool = True) -> dict[str, Tensor]:
        """model.*, optimizer.*, snapshot.*, average.*, best.N.*; copies on the CPU, so that training may go on during a save.

        Without `now`, only what is looked back on: somebody else keeps the weights and moments as they stand.
        """
        packed = (self.capture().pack("") if now else {}) | self.camp.pack("snapshot.")
        if self.average is not None:
            packed |= self._pack_average(self.average)
        for place, remembered in enumerate(self.ring.kept if self.ring is not None else ()):
            packed |= remembered.snapshot.pack(f"best.{place}.")
        return packed

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = {"turn": self.schedule.place(), "snapshot_turn": self.camp.place}
        if self.levers.norms is not None:
            state["norms"] = list(self.levers.norms)
        if self.pulse is not None:
            state["pulse"] = self.pulse.state_dict()
        if self.ring is not None:
            state["evaluations"] = self.ring.evaluations
            state["best"] = [[r.loss, r.evaluation, r.snapshot.place] for r in self.ring.kept]
        return state

    def recall(self, tensors: Mapping[str, Any], state: Mapping[str, Any], *, now: bool = True) -> SavedMemory:
        """Inverse of tensors() and state_dict(), changing nothing yet. LearnerStateError where they do not fit this learner."""
        places = [state.get("turn"), state.get("snapshot_turn")]
        if not all(map(self.schedule.knows, places)):
            raise LearnerStateError(f"the saved state stands at turn {places[0]!r}, its snapshot at {places[1]!r}; both must be counts")
        here = Snapshot.unpack(tensors, "", self.model, self.optimizer, places[0]) if now else None
        camp = Snapshot.unpack(tensors, "snapshot.", self.model, self.optimizer, places[1])
        names = (here.pack("").keys() if here is not None else set()) | camp.pack("snapshot.").keys()
        pulse = None if self.pulse is None else _saved_pulse(state)
        held = {name for name in tensors if name.startswith("average.")}
        names |= held  # of a run that was examined, if this one is not
        if self.average is None:
            average = None
        elif held or pulse is None or "pulse" in state:
            average = self._unpack_average(tensors)
        else:  # examined from here on
            average = Average([here.weights[name] for name in self._averaged()] if here is not None else self.levers.parameters)
        ring = None if self.ring is None else self._unpack_ring(tensors, state)
        for place, remembered in enumerate(ring.kept if ring is not None else ()):
            names |= remembered.snapshot.pack(f"best.{place}.").keys()
        norms = None if self.levers.norms is None else _saved_norms(state)
        return SavedMemory(here, camp, average, ring, pulse, norms, frozenset(names))

    def adopt(self, found: SavedMemory) -> None:
        if found.now is not None:
            self.restore(found.now)
        self.camp, self.average, self.ring, self.pulse = found.camp, found.average, found.ring, found.pulse
        if found.norms is not None:
            self.levers.watch_norms(found.norms)

    def _averaged(self) -> list[str]:
        """Names of the weights that learn, in the order of the levers' parameters."""
        names: dict[Tensor, str] = {p: name for name, p in self.model.named_parameters()}
        return [names[p] for p in self.levers.parameters]

    def _pack_average(self, average: Average) -> dict[str, Tensor]:
        return {f"average.{name}": weight.detach().cpu().clone() for name, weight in zip(self._averaged(), average.weights, strict=True)}

    def _unpack_average(self, tensors: Mapping[str, Any]) -> Average:
        named = zip(self._averaged(), self.levers.parameters, strict=True)
        return Average([fitting(tensors, f"average.{name}", p.shape, p.dtype).to(p.device) for name, p in named])

    def _unpack_ring(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> Ring:
        ring = Ring()
        try:
            ring.evaluations = int(state["evaluations"])
            rows = [(float(loss), int(evaluation), place) for loss, evaluation, place in state["best"]]
        except (KeyError, TypeError, ValueError) as error:
            raise LearnerStateError(f"the saved state does not hold the best evaluations this hero may return to: {error}") from None
        for number, (loss, evaluation, place) in enumerate(rows):
            if not self.schedule.knows(place):
                raise LearnerStateError(f"the saved state's best evaluations stand at {place!r}; that is no turn")
            snapshot = Snapshot.unpack(tensors, f"best.{number}.", self.model, self.optimizer, place)
            ring.kept.append(Remembered(loss, evaluation, snapshot))
        return ring


def acts_before_the_step(effect: StepEffect) -> bool:
    """True where the effect changes weights or moments before the batch is read."""
    return effect.rollback or effect.restore_best or effect.heal_alpha != 0 or effect.forget_momentum


def refuse_strangers(tensors: Collection[str], known: Collection[str]) -> None:
    """LearnerStateError where a save has tensors that nobody asked for."""
    if strangers := sorted(set(tensors) - set(known)):
        raise LearnerStateError(f"the saved state has tensors this campaign does not know, among them {strangers[0]!r}")


def _saved_pulse(state: Mapping[str, Any]) -> LayerHistory:
    """A new one where the saved run was not examined."""
    if "pulse" not in state:
        turns = state["turn"] if isinstance(state["turn"], int) else state["turn"]["turn"]
        return LayerHistory(turns=turns, since=turns)
    try:
        return LayerHistory.from_state(state["pulse"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LearnerStateError(f"the saved state does not hold what an examination looks back on: {error!r}") from None


def _saved_norms(state: Mapping[str, Any]) -> list[float]:
    norms = state.get("norms")
    if not isinstance(norms, list) or not all(isinstance(norm, int | float) for norm in norms):
        raise LearnerStateError("the saved state does not hold the update norms that this hero's cap looks back on")
    return [float(norm) for norm in norms]
