"""State from past turns: the camp snapshot, and for the levers that need them the weight average, the best checkpoints and update norms.

Parts that no lever of the run can ask for are not created, kept or saved. Chapters: the average of the weights, the best checkpoints,
the memory of one learner, reading a saved memory.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.training.levers.levers import Levers
from rolltrain_tui.training.optimizers import optimizer_state
from rolltrain_tui.training.optimizers.schedules import Position
from rolltrain_tui.training.state.layer_history import LayerHistory
from rolltrain_tui.training.state.snapshots import LearnerStateError, Snapshot, fitting, named, renamed
from rolltrain_tui.training.tensors import measures
from rolltrain_tui.training.tensors.gradients import real
from rolltrain_tui.training.tensors.precise import in_float64
from rolltrain_tui.training.tensors.shards import dealt, own, whole

AVERAGE_DECAY = 0.95
"""theta_bar <- 0.95 theta_bar + 0.05 theta after every turn: a memory of about 1 / 0.05 = 20 turns, short enough to follow training."""
BEST_OF = 8
"""Evaluations that restore_best looks back on; the most copies of weights and moments that it holds."""
FIRST_MOMENTS = ("exp_avg", "momentum_buffer")
"""The optimiser's own names for its running mean of gradients: Adam's kind, SGD's."""

# ---------------------------------------------------------------------------------------------------------------------
# The average of the weights


class WeightAverage:
    """theta_bar: the exponential moving average of the weights."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self.weights = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def follow(self, weights: Sequence[Tensor]) -> None:
        torch._foreach_lerp_(list(map(own, self.weights)), list(map(own, weights)), 1 - AVERAGE_DECAY)

    def distance(self, weights: Sequence[Tensor], over_shards: Callable[[Tensor], Tensor]) -> float:
        """|theta - theta_bar|, summed in float64: it is small beside the weights."""
        squares = [(in_float64(own(a).detach()) - in_float64(own(b))).square().sum() for a, b in zip(weights, self.weights, strict=True)]
        return over_shards(torch.stack(squares).sum()).sqrt().item()

    @torch.no_grad()
    def heal(self, weights: Sequence[Tensor], alpha: float, over_shards: Callable[[Tensor], Tensor]) -> float:
        """theta <- (1 - alpha) theta + alpha theta_bar. Returns |theta' - theta_bar| / |theta - theta_bar|, read from the weights.

        Where theta is theta_bar already, both lengths are 0, and the ratio is 1 - alpha by definition.
        """
        before = self.distance(weights, over_shards)
        torch._foreach_lerp_(list(map(own, weights)), list(map(own, self.weights)), alpha)
        return self.distance(weights, over_shards) / before if before > 0 else 1 - alpha


@torch.no_grad()
def forget_momentum(optimizer: Optimizer, norm_of: Callable[[list[Tensor]], Tensor]) -> tuple[float, float]:
    """Set the first moments (SGD: the momentum) to zero. Their norm before and after."""
    states = [state for state in optimizer.state.values() if isinstance(state, dict)]
    moments = [state[key] for state in states for key in FIRST_MOMENTS if isinstance(state.get(key), Tensor)]
    if not moments:
        return 0.0, 0.0
    before = norm_of(list(map(own, moments))).item()
    for moment in moments:
        moment.zero_()
    return before, norm_of(list(map(own, moments))).item()


# ---------------------------------------------------------------------------------------------------------------------
# The best checkpoints


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state that an evaluation measured."""

    value: float
    evaluation: int
    """Number of the evaluation in the run, counted from one."""
    snapshot: Snapshot


class BestCheckpoints:
    """The best state of the last BEST_OF evaluations.

    A checkpoint that is no better than a later one can never become the best again, and is dropped at once. So the first one kept
    is the best of the window, and a run that keeps improving holds a single copy.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.evaluations = 0
        self.kept: list[Checkpoint] = []

    @property
    def best(self) -> Checkpoint | None:
        return self.kept[0] if self.kept else None

    def add(self, value: float, snapshot: Snapshot) -> None:
        self.evaluations += 1
        oldest = self.evaluations - BEST_OF
        self.kept = [old for old in self.kept if self.objective.improves(old.value, on=value) and old.evaluation > oldest]
        self.kept.append(Checkpoint(value, self.evaluations, snapshot))


# ---------------------------------------------------------------------------------------------------------------------
# The memory of one learner


@dataclass(frozen=True, slots=True)
class TurnStart:
    """What a turn that fails must put back."""

    before: Snapshot | None
    """None where the turn changes no weights before its last batch has been read: then there is nothing to put back."""
    average: WeightAverage | None
    history: LayerHistory | None
    norms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SavedMemory:
    """A saved memory that was read and checked, and can be adopted."""

    now: Snapshot | None
    """The weights and moments of the save; None where the save does not hold them."""
    camp: Snapshot
    average: WeightAverage | None
    checkpoints: BestCheckpoints | None
    history: LayerHistory | None
    norms: list[float] | None
    names: frozenset[str]
    """Names of the tensors that were read."""


class TrainingMemory:
    """`layers`: how an examination groups the parameters. `every`: turns between examinations. `objective`: what evaluations measure."""

    def __init__(
        self,
        model: nn.Module,
        levers: Levers,
        schedule: Position,
        layers: Sequence[measures.Layer],
        every: int,
        objective: Objective,
    ) -> None:
        self.model, self.levers, self.optimizer, self.schedule = model, levers, levers.optimizer, schedule
        self.layers, self.every, self.objective = layers, every, objective
        self.camp = self.capture()
        """The place a rollback returns to; before the first camp, the start."""
        self.average: WeightAverage | None = None
        self.checkpoints: BestCheckpoints | None = None
        self.history: LayerHistory | None = None

    def prepare(self, levers: Collection[str]) -> None:
        """Create what these levers look back on; "examine" among them stands for the examination."""
        self.average = WeightAverage(self.levers.parameters) if "heal_alpha" in levers or "examine" in levers else None
        self.history = LayerHistory() if "examine" in levers else None
        self.checkpoints = BestCheckpoints(self.objective) if "restore_best" in levers else None
        if "norm_cap" in levers:
            self.levers.watch_norms()

    @property
    def prepared(self) -> list[str]:
        """Inverse of prepare."""
        made = {"heal_alpha": self.average, "restore_best": self.checkpoints, "norm_cap": self.levers.norms, "examine": self.history}
        return [lever for lever, memory in made.items() if memory is not None]

    def capture(self) -> Snapshot:
        return Snapshot.take(self.model, self.optimizer, self.schedule.place())

    def restore(self, snapshot: Snapshot) -> None:
        snapshot.put_back(self.model, self.optimizer)
        self.schedule.return_to(snapshot.place)

    def parameters_changed(self, before: Sequence[Tensor]) -> None:
        """Other parameters learn from here on than `before`: what looks back is laid out anew. New ones were frozen so far."""
        known = {id(p): place for place, p in enumerate(before)}
        joined = [p for p in self.levers.parameters if id(p) not in known]
        if (average := self.average) is not None:
            kept = [average.weights[known[id(p)]] if id(p) in known else p.detach() for p in self.levers.parameters]
            self.average = WeightAverage(kept)
        self.history = self.history.returned() if self.history is not None else None
        self.camp = self.camp.widened(self.model, joined)
        if self.checkpoints is not None:
            self.checkpoints.kept = [replace(kept, snapshot=kept.snapshot.widened(self.model, joined)) for kept in self.checkpoints.kept]

    def remember(self, evaluation: Evaluation) -> None:
        """Keep the state that was evaluated, where restore_best may be asked for."""
        if self.checkpoints is not None and math.isfinite(evaluation.value):
            self.checkpoints.add(evaluation.value, self.capture())

    # -----------------------------------------------------------------------------------------------------------------
    # A turn

    def begin(self, effect: StepEffect) -> TurnStart:
        """Before a turn: what `undo` needs. A plain turn fails before its only step, so it needs no copy of the weights."""
        before = self.capture() if effect.extra_steps or acts_before_the_step(effect) else None
        return TurnStart(before, self.average, self.history, tuple(self.levers.norms or ()))

    def undo(self, start: TurnStart) -> None:
        """Put back everything that the failed turn has changed."""
        for p in self.levers.parameters:
            p.grad = None
        if start.before is not None:
            self.restore(start.before)
        self.average, self.history = start.average, start.history
        self.forget_norms_since(start.norms)

    def forget_norms_since(self, norms: Collection[float]) -> None:
        if self.levers.norms is not None:
            self.levers.watch_norms(norms)

    def before_the_step(self, effect: StepEffect, measured: dict[str, float], evaluate: Callable[[], Evaluation] | None) -> float:
        """Rollback, restore_best, heal_alpha and forget_momentum, in this order; each writes what it measured of itself.

        Returns the GFLOP of the evaluations that prove them. `evaluate` is None for a loop that cannot evaluate on request.
        """
        # First back to other weights, then towards an average of them, then the moments: each acts on what the one before left.
        spent = 0.0
        if effect.rollback:
            measured["rollback"] = self.camp.distance(self.model, self.levers.over_shards)
            self.restore(self.camp)
        if effect.restore_best:
            spent += self._restore_best(measured, evaluate)
        if self.average is not None and (effect.rollback or effect.restore_best):
            # A new average: the old one would pull the weights back to those that were just abandoned.
            self.average = WeightAverage(self.levers.parameters)
            self.history = self.history.returned() if self.history is not None else None
        if effect.heal_alpha:
            spent += self._heal(effect.heal_alpha, measured, evaluate)
        if effect.forget_momentum:
            measured["forget_momentum.before"], measured["forget_momentum"] = forget_momentum(self.optimizer, self.levers.norm_of)
        return spent

    def _restore_best(self, measured: dict[str, float], evaluate: Callable[[], Evaluation] | None) -> float:
        """Return to the weights and moments of the best checkpoint, and measure its loss again. The schedule goes on."""
        assert self.checkpoints is not None, "restore_best looks back: name it to prepare first"
        if (best := self.checkpoints.best) is None:  # no evaluation yet, or none was finite
            return 0.0
        best.snapshot.put_back(self.model, self.optimizer)  # not `restore`: the schedule keeps its place
        measured["restore_best.stored"], measured["restore_best.age"] = best.value, float(self.checkpoints.evaluations - best.evaluation)
        if evaluate is None:
            return 0.0
        found = evaluate()
        measured["restore_best"] = found.value
        return found.gflop

    def _heal(self, alpha: float, measured: dict[str, float], evaluate: Callable[[], Evaluation] | None) -> float:
        """Move towards the average of the last turns' weights, and evaluate before and after."""
        assert self.average is not None, "heal_alpha looks back: name it to prepare first"
        assert 0 <= alpha <= 1, f"not a lever's range: heal_alpha {alpha}"
        if evaluate is None:
            measured["heal_alpha"] = self.average.heal(self.levers.parameters, alpha, self.levers.over_shards)
            return 0.0
        before = evaluate()
        measured["heal_alpha"] = self.average.heal(self.levers.parameters, alpha, self.levers.over_shards)
        after = evaluate()
        measured["heal_alpha.val_before"], measured["heal_alpha.val_after"] = before.value, after.value
        return before.gflop + after.gflop

    def weights_before(self) -> list[Tensor] | None:
        """A copy of the weights before one of the turns that an examination measures; None before the others, where it would only cost."""
        if self.history is None or not self.history.looks_at(self.every):
            return None
        return [p.detach().clone() for p in self.levers.parameters]

    @torch.no_grad()
    def layer_moves(self, weights_before: list[Tensor] | None) -> list[float] | None:
        """The length of each layer's update; None where it was not asked for, or where layers have thawed since."""
        if weights_before is None or len(weights_before) != len(self.levers.parameters):
            return None
        moves = torch._foreach_sub(list(map(own, self.levers.parameters)), list(map(own, weights_before)))
        return measures.lengths(self.layers, moves, self.levers.over_shards)

    def after_the_step(self, moves: list[float] | None, *, finite: bool) -> None:
        """The average follows the weights. Where an examination is due, the norm of the weights is recorded."""
        if self.average is not None and finite:
            self.average.follow(self.levers.parameters)
        if self.history is None:
            return
        self.history = self.history.walked(moves)
        if self.history.turns % self.every == 0:
            with torch.no_grad():
                weights = measures.lengths(self.layers, self.levers.parameters, self.levers.over_shards)
            self.history = self.history.weighed(measures.whole(weights))

    def first_moments(self) -> list[Tensor] | None:
        """The optimiser's running mean of gradients, one tensor for each parameter; None before its first step, or where it has none."""
        moments = [self.optimizer.state.get(p, {}).get(key) for p in self.levers.parameters for key in FIRST_MOMENTS]
        kept = [real(whole(moment)) for moment in moments if isinstance(moment, Tensor)]
        return kept if len(kept) == len(self.levers.parameters) else None

    # -----------------------------------------------------------------------------------------------------------------
    # Saving

    def tensors(self, *, now: bool = True) -> dict[str, Tensor]:
        """model.*, optimizer.*, snapshot.*, average.*, best.N.*: copies on the CPU, so that training may go on during a save.

        Without `now`, weights and moments as they stand are left out: a foreign loop saves them itself.
        """
        packed = (self.capture().pack("") if now else {}) | self.camp.pack("snapshot.")
        if self.average is not None:
            packed |= self._pack_average(self.average)
        for number, checkpoint in enumerate(self.checkpoints.kept if self.checkpoints is not None else ()):
            packed |= checkpoint.snapshot.pack(f"best.{number}.")
        return packed

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = {"turn": self.schedule.place(), "snapshot_turn": self.camp.place, "optimizer": self._kind_of_optimizer()}
        if self.levers.norms is not None:
            state["norms"] = list(self.levers.norms)
        if self.history is not None:
            state["pulse"] = self.history.state_dict()  # its name in every save so far
        if self.checkpoints is not None:
            state["evaluations"] = self.checkpoints.evaluations
            state["best"] = [[kept.value, kept.evaluation, kept.snapshot.place] for kept in self.checkpoints.kept]
        return state

    def recall(self, tensors: Mapping[str, Any], state: Mapping[str, Any], *, now: bool = True) -> SavedMemory:
        """Inverse of tensors() and state_dict(), which changes nothing yet. LearnerStateError where they do not fit this learner."""
        # Weights and moments: as they stand, and of the camp
        original, tensors = tensors, renamed(tensors, self.model)
        places = [state.get("turn"), state.get("snapshot_turn")]
        if not all(map(self.schedule.knows, places)):
            raise LearnerStateError(f"the saved state stands at turn {places[0]!r}, its snapshot at {places[1]!r}; both must be counts")
        if (kind := state.get("optimizer", own := self._kind_of_optimizer())) != own:  # saves of before do not tell
            raise LearnerStateError(f"the run was saved with the optimizer {kind}, and goes on with that; this one is {own}")
        here = Snapshot.unpack(tensors, "", self.model, self.optimizer, places[0]) if now else None
        camp = Snapshot.unpack(tensors, "snapshot.", self.model, self.optimizer, places[1])
        names = (here.pack("").keys() if here is not None else set()) | camp.pack("snapshot.").keys()
        # The average and the history. The saved run may have been examined where this one is not, and the other way round.
        history = None if self.history is None else _saved_history(state)
        averaged = {name for name in tensors if name.startswith("average.")}
        names |= averaged
        if self.average is None:
            average = None
        elif averaged or history is None or "pulse" in state:
            average = self._unpack_average(tensors)
        else:  # the saved run was not examined, and this one is: its average begins at the saved weights
            average = WeightAverage([here.weights[name] for name in self._averaged()] if here is not None else self.levers.parameters)
        # The best checkpoints and the norms: a run that needs them must find them
        checkpoints = None if self.checkpoints is None else self._unpack_checkpoints(tensors, state)
        for number, checkpoint in enumerate(checkpoints.kept if checkpoints is not None else ()):
            names |= checkpoint.snapshot.pack(f"best.{number}.").keys()
        norms = None if self.levers.norms is None else _saved_norms(state)
        names |= {at for at, name in zip(original, tensors, strict=True) if name in names}
        return SavedMemory(here, camp, average, checkpoints, history, norms, frozenset(names))

    def _kind_of_optimizer(self) -> str:
        """The optimiser's kind by what its moments mean: Adam and AdamW keep the same."""
        name = type(self.optimizer).__name__
        return "Adam" if name == "AdamW" else name

    def adopt(self, found: SavedMemory) -> None:
        """Take over what recall has read."""
        if found.now is not None:
            self.restore(found.now)
        self.camp, self.average, self.checkpoints, self.history = found.camp, found.average, found.checkpoints, found.history
        if found.norms is not None:
            self.levers.watch_norms(found.norms)

    def _averaged(self) -> list[str]:
        """Names of the weights that learn, in the order of the levers' parameters."""
        names = optimizer_state.names_of(self.optimizer, named(self.model))
        return [names[p] for p in self.levers.parameters]

    def _pack_average(self, average: WeightAverage) -> dict[str, Tensor]:
        named = zip(self._averaged(), average.weights, strict=True)
        return {f"average.{name}": whole(weight).detach().cpu().clone() for name, weight in named}

    def _unpack_average(self, tensors: Mapping[str, Any]) -> WeightAverage:
        named = zip(self._averaged(), self.levers.parameters, strict=True)
        return WeightAverage([dealt(fitting(tensors, f"average.{name}", p.shape, p.dtype), p) for name, p in named])

    def _unpack_checkpoints(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> BestCheckpoints:
        checkpoints = BestCheckpoints(self.objective)
        try:
            checkpoints.evaluations = int(state["evaluations"])
            rows = [(float(value), int(evaluation), place) for value, evaluation, place in state["best"]]
        except (KeyError, TypeError, ValueError) as error:
            raise LearnerStateError(f"the saved state does not hold the best evaluations this hero may return to: {error}") from None
        for number, (value, evaluation, place) in enumerate(rows):
            if not self.schedule.knows(place):
                raise LearnerStateError(f"the saved state's best evaluations stand at {place!r}; that is no turn")
            snapshot = Snapshot.unpack(tensors, f"best.{number}.", self.model, self.optimizer, place)
            checkpoints.kept.append(Checkpoint(value, evaluation, snapshot))
        return checkpoints


def acts_before_the_step(effect: StepEffect) -> bool:
    """True where the effect changes weights or moments before the batch is read."""
    return effect.rollback or effect.restore_best or effect.heal_alpha != 0 or effect.forget_momentum


def refuse_strangers(tensors: Collection[str], known: Collection[str]) -> None:
    """LearnerStateError where a save holds tensors that this learner does not have."""
    if strangers := sorted(set(tensors) - set(known)):
        raise LearnerStateError(
            f"the saved state has tensors that this model and optimizer do not have, among them {strangers[0]!r}; "
            "a run goes on with the model and the optimizer that it was saved with"
        )


# ---------------------------------------------------------------------------------------------------------------------
# Reading a saved memory


def _saved_history(state: Mapping[str, Any]) -> LayerHistory:
    """A new history, at the saved turn, where the saved run was not examined."""
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
