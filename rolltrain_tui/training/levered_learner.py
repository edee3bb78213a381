"""`LeveredLearner`: the turn of every model that this package trains itself. A mode adds how a batch's gradient is made.

Chapters: the learner's parts, one turn, what `gather` and `examine` may use, saving and copying.

A turn is one optimiser step under the levers of a `StepEffect`:

    1. what acts before the step     rollback, restore_best, heal_alpha, forget_momentum
    2. the gradient of a batch       the mode's `gather`, which gives a `batch_gradient.BatchGradient`
    3. the step                      `Levers.step`, which measures what the levers did to the weights
    4. extra steps                   2 and 3 again, each on a fresh batch
    5. what acts after the step      weight noise, the schedule, the memory
    6. the report                    numbers only

If anything fails on the way, the learner is put back to the state before the turn, to the last bit.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from math import nan
from time import perf_counter
from types import MappingProxyType
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, Examination, StepAbandoned, StepReport
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.training.batch_gradient import BatchGradient
from rolltrain_tui.training.diagnosis import TrainingProbe, examine, has_temperature, temperature
from rolltrain_tui.training.levers.levers import Levers, StepMeasurement
from rolltrain_tui.training.levers.noise import add_weight_noise
from rolltrain_tui.training.levers.sampled_levers import SampledLevers
from rolltrain_tui.training.machine.ranks import ALONE, Ranks
from rolltrain_tui.training.optimizers.optimizer_modes import in_evaluation_mode
from rolltrain_tui.training.optimizers.schedules import Schedule
from rolltrain_tui.training.state.host_chance import host_unchanged
from rolltrain_tui.training.state.snapshots import LearnerStateError, overwrite, weights_sha256
from rolltrain_tui.training.state.state_memory import TrainingMemory, acts_before_the_step, refuse_strangers
from rolltrain_tui.training.state.streams import Streams, global_state, set_global_state
from rolltrain_tui.training.tensors.measures import Layer
from rolltrain_tui.training.tensors.shards import own


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Inside, every part of the model is in evaluation mode; afterwards each is in its own again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def at_rest(model: nn.Module, optimizer: Optimizer, device: torch.device) -> Iterator[None]:
    """Inside, the model is in evaluation mode, and nothing is drawn from PyTorch's global stream. Afterwards all is as before."""
    outer = global_state(device)
    try:
        with evaluating(model), in_evaluation_mode(optimizer), host_unchanged():
            yield
    finally:
        set_global_state(device, outer)


class _Timed:
    """A context that adds its seconds to those of a phase. A class, because a generator takes a visible part of a small model's turn."""

    __slots__ = ("phase", "seconds", "started")

    def __init__(self, seconds: dict[str, float], phase: str) -> None:
        self.seconds, self.phase = seconds, phase

    def __enter__(self) -> None:
        self.started = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.phase] += perf_counter() - self.started


# ---------------------------------------------------------------------------------------------------------------------
# The learner's parts


TAKEN = ("model", "optimizer", "snapshot", "average", "best", "stream", "twin", "start")
"""The names of rolltrain's own tensors in a save begin with these words, so that no learner's own may."""


class LeveredLearner(ABC):
    """A model, its optimiser and schedule, its random streams and its memory. Implements most of `Learner`.

    A mode writes `info`, `gather`, `gflop`, `evaluate`, `examine`, its voice, `fork`, and what it keeps of its own
    (`own_state`, `check_own_state`, `take_own_state`; as tensors `own_tensors`, `recall_own`).
    """

    kind: ClassVar[str]
    """Under this name its states are saved. A class whose kind begins with a word in `TAKEN` is a ValueError."""
    phases: ClassVar[tuple[str, ...]] = ()
    """Parts of gathering a batch whose time is taken, in their order. `optimiser` follows them: norms, clip, step and measurement."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if (word := getattr(cls, "kind", "").partition(".")[0]) in TAKEN:
            raise ValueError(
                f"{cls.__name__} calls its kind {cls.kind!r}, but names in a save that begin with {word!r} are rolltrain's own; "
                "choose another"
            )

    def __init__(
        self,
        config: CampaignConfig,
        *,
        model: nn.Module,
        optimizer: Optimizer,
        parameters: Collection[Tensor],
        layers: Sequence[Layer],
        schedule: Schedule,
        clip: float | None,
        streams: Streams,
        dtype: torch.dtype,
        usual_amount: float,
        objective: Objective,
        running: Collection[Tensor] = (),
        sampled: bool = False,
        ranks: Ranks = ALONE,
    ) -> None:
        """`parameters` learn. `usual_amount`: size of a plain turn's batch. `running`: buffers that a forward pass changes.

        Saves leave frozen weights out: a mode must find them again by itself.
        `sampled`: measure factors on the update on a sample of the weights (see `sampled_levers`).
        `ranks`: the processes that train this model together.
        """
        self.ranks = ranks
        self.config = config
        self.should_stop: Callable[[], bool] = lambda: False
        self.seconds = dict.fromkeys((*self.phases, "optimiser"), 0.0)
        """Spent in each phase so far, for display only."""
        self.model, self.optimizer, self.schedule = model, optimizer, schedule
        self.levers = (SampledLevers if sampled else Levers)(optimizer, parameters, clip=clip, ranks=ranks)
        self.streams, self.device, self.dtype = streams, streams.device, dtype
        self.dtype_note = ""
        """Why this dtype, where `auto` chose it."""
        self.usual_amount, self.objective, self._running = usual_amount, objective, running
        self.memory = TrainingMemory(model, self.levers, schedule, layers, config.evaluation.every, objective)

    @property
    def turn(self) -> int:
        """Position in the schedule: turns taken, counting from the last rollback's."""
        return self.schedule.turn

    def prepare(self, levers: Collection[str]) -> None:
        self.memory.prepare(levers)

    def remember(self, evaluation: Evaluation) -> None:
        self.memory.remember(evaluation)

    @abstractmethod
    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Read one batch, `factor` times the usual size, and leave its mean gradient in `.grad`.

        Calls `stop_if_asked` before each micro-batch. Serves micro_scales, target_noise and drop_worst, or `info` says why not.
        Where several ranks train, each gathers its share of the batch, and `add_shares` makes the mean of them.
        """

    @abstractmethod
    def evaluate(self, count: int) -> Evaluation:
        """See `Learner.evaluate`."""

    @abstractmethod
    def gflop(self, batch: BatchGradient) -> float:
        """Model FLOPs of gathering these amounts, in units of 1e9. A forward pass costs a third of training."""

    def turn_state(self) -> dict[str, Any]:
        """What of `own_state` a turn changes, as `take_own_state` puts it back."""
        return self.own_state()

    def running(self, effect: StepEffect) -> Collection[Tensor]:
        """Buffers that this turn may change."""
        return self._running

    # -----------------------------------------------------------------------------------------------------------------
    # One turn

    def step(self, effect: StepEffect) -> StepReport:
        """One optimiser step, and `extra_steps` more on fresh batches. What a neutral effect does not use costs nothing.

        After StepAbandoned, or any other exception, weights, moments, schedule, streams and data stand where they stood before.
        """
        started = perf_counter()
        # What a failed turn must put back: copied only where the turn may change it
        self.streams.mark()
        own, changing = self.turn_state(), self.running(effect)
        running = [buffer.clone() for buffer in changing]
        start = self.memory.begin(effect)
        try:
            with self.streams.lend_dropout(self.ranks):
                return self.ranks.agree_on(self._step(effect, started))
        except BaseException:  # KeyboardInterrupt too: the save that follows must hold a whole turn
            self.streams.undo()
            self.take_own_state(own)
            self.memory.undo(start)
            with torch.no_grad():
                for buffer, before in zip(changing, running, strict=True):
                    overwrite(buffer, before)
            raise

    def _step(self, effect: StepEffect, started: float) -> StepReport:
        # Before the step. Levers that return to older weights prove it by evaluations, which cost energy too.
        measured: dict[str, float] = {}
        memory, spent = self.memory, 0.0
        if acts_before_the_step(effect):
            spent = memory.before_the_step(effect, measured, lambda: self.evaluate(self.config.evaluation.sequences))
        start = memory.capture() if effect.extra_steps else None
        weights_before = memory.weights_before()
        norms = tuple(self.levers.norms or ())  # each optimiser step adds one; a turn that fails must not
        lr = self.schedule.set_rate()

        # The step and the extra steps
        first, last, total, motion = self._optimizer_steps(effect)

        # A turn that is not finite moves nothing. An extra step may have failed: then the steps before it are undone.
        if not motion.finite:
            motion = StepMeasurement(grad_norm=motion.grad_norm, finite=False, optimizer_steps=0)
            if start is not None:
                memory.restore(start)
            memory.forget_norms_since(norms)

        # After the step
        moves = memory.layer_moves(weights_before) if motion.finite else None
        if motion.finite and effect.weight_noise:
            measured["weight_noise"] = add_weight_noise(self.levers.parameters, effect.weight_noise, self.streams["weight_noise"])
        self.schedule.advance()  # a turn that was not finite counts too
        memory.after_the_step(moves, finite=motion.finite)

        # The report
        measured |= motion.levers
        measured |= self._measured(effect, first, last, total, motion)
        return StepReport(
            loss=first.loss,  # of the turn's own batch; extra batches come after its update
            grad_norm=motion.grad_norm,
            lr=lr,
            proposed_norm=motion.proposed_norm,
            applied_norm=motion.applied_norm,
            k_requested=effect.k_requested,
            k_effective=motion.k_effective,
            weight_norm=self._weight_norm() if effect.weight_noise else None,
            tokens=total.tokens,
            gflop=self.gflop(total) + spent,
            seconds=perf_counter() - started,
            finite=motion.finite,
            optimizer_steps=motion.optimizer_steps,
            measured=measured,
        )

    def _optimizer_steps(self, effect: StepEffect) -> tuple[BatchGradient, BatchGradient, BatchGradient, StepMeasurement]:
        """One step, then the extra steps: the first batch, the last, and all counted together; the motions side by side."""
        first = last = self.gather(effect, effect.batch_factor)
        total = replace(first, plain=None) if effect.extra_steps else first
        with self._timed("optimiser"):
            motion = self.levers.step(effect, loss=first.loss, plain=first.plain)
        for _ in range(effect.extra_steps if motion.finite else 0):
            last = self.gather(effect, effect.batch_factor * effect.extra_batch_factor)
            total.count(last)
            with self._timed("optimiser"):
                motion = motion.beside(self.levers.step(effect, loss=last.loss, plain=last.plain))
            if not motion.finite:
                break
        return first, last, total, motion

    def _measured(
        self, effect: StepEffect, first: BatchGradient, last: BatchGradient, total: BatchGradient, motion: StepMeasurement
    ) -> dict[str, float]:
        """What each lever that was pulled on the batches measured of itself: on the first one, the last, and all of the turn."""
        measured = dict(first.dropped)
        if effect.target_noise:
            measured["target_noise"] = total.replaced / total.targets if total.targets else 0.0
        if effect.batch_factor != 1:
            measured["batch_factor"] = first.amount / self.usual_amount
        if effect.extra_steps:
            measured["extra_steps"] = max(0, motion.optimizer_steps - 1)
            if effect.extra_batch_factor != 1 and last is not first:
                measured["extra_batch_factor"] = last.amount / first.amount
        if motion.clipped_norm is not None and self.levers.clip is not None:
            measured["clip_factor"] = motion.clipped_norm / self.levers.clip
        return measured

    @torch.no_grad()
    def _weight_norm(self) -> float:
        return self.levers.norm_of(list(map(own, self.levers.parameters))).item()

    # -----------------------------------------------------------------------------------------------------------------
    # What `gather`, `evaluate` and `examine` may use

    def stop_if_asked(self) -> None:
        """StepAbandoned where the player is leaving: the turn is undone and will be repeated."""
        if self.should_stop():
            raise StepAbandoned

    @torch.no_grad()
    def add_shares(self, loss: float, plain: Sequence[Tensor] | None) -> float:
        """Add up the ranks' shares of the gradients, in `.grad` and `plain`, and of the loss, which is returned: one all-reduce.

        Gradients of shards have been added up by the backward pass.
        """
        if self.ranks.size == 1:
            return loss
        if self.levers.sharded:
            return self.levers.total(loss)[0]
        for p in self.levers.parameters:
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad  # a share without a row
        grads = [p.grad for p in self.levers.parameters if p.grad is not None] + list(plain or ())
        flat = torch.cat([grad.flatten() for grad in grads] + [grads[0].new_tensor([loss])])
        self.ranks.add(flat)  # a share that is not finite makes all of it so: every rank skips the step, or none
        *sums, total = torch.split(flat, [*(grad.numel() for grad in grads), 1])
        for grad, added in zip(grads, sums, strict=True):
            grad.copy_(added.view(grad.shape))
        return total.item()

    def examined(
        self,
        evaluation: Evaluation,
        probe: TrainingProbe,
        *,
        batch: int,
        gflop: float,
        train_value: float | None = None,
        own: Mapping[str, float] = MappingProxyType({}),
    ) -> Examination:
        """See `diagnosis.examine`. The temperature is measured by evaluating once more, at the price of `evaluation`."""
        again = bool(evaluation.values) and has_temperature(self.memory)
        warmth = temperature(self.memory, evaluation.values, lambda: self.evaluate(len(evaluation.values)).values) if again else nan
        return examine(
            self.memory,
            probe,
            value=evaluation.value,
            temperature=warmth,
            batch=batch,
            gflop=gflop + (evaluation.gflop if again else 0.0),
            train_value=train_value,
            own=own,
        )

    def _timed(self, phase: str) -> "_Timed":
        """A context whose time counts as part of a phase."""
        return _Timed(self.seconds, phase)

    def autocast(self) -> AbstractContextManager[Any]:
        """Matrix products in bf16, with weights and sums in fp32. Where the learner's dtype is fp32, nothing."""
        return torch.autocast(self.device.type, self.dtype) if self.dtype != torch.float32 else nullcontext()

    def at_rest(self) -> AbstractContextManager[None]:
        """Inside, the model is in evaluation mode, and nothing is drawn from PyTorch's global stream. Afterwards all is as before."""
        return at_rest(self.model, self.optimizer, self.device)

    # -----------------------------------------------------------------------------------------------------------------
    # Saving and copying

    def own_state(self) -> dict[str, Any]:
        """What this mode keeps besides weights, moments, schedule and streams: JSON values, such as a place in the data."""
        return {}

    def check_own_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - a mode may have none
        """LearnerStateError where the own_state in a saved state does not fit this learner."""

    def take_own_state(self, state: Mapping[str, Any]) -> None:  # noqa: B027
        """Exact inverse of own_state, from a state that was checked."""

    def snapshot(self) -> None:
        """Remember weights, moments and schedule as the place a rollback returns to. Before the first call, that is the start."""
        self.memory.camp = self.memory.capture()

    @abstractmethod
    def fork(self) -> Self:
        """See `Learner.fork`."""

    def copy_into(self, twin: Self) -> Self:
        """The second half of `fork`: a learner just built like this one takes over its state."""
        twin.prepare(self.memory.prepared)
        twin.load_state(self.tensors(), self.state_dict())
        twin.should_stop = self.should_stop
        return twin

    def follow(self, leader: Self) -> None:
        """Put every random stream, and the place in the data, where the leader's stands."""
        self.streams.put_back(leader.streams.states())
        self.take_own_state(leader.own_state())

    def own_tensors(self) -> dict[str, Tensor]:
        """What of it is tensors, as copies on the CPU. Their names begin with the learner's kind and a point."""
        return {}

    def recall_own(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> Callable[[], None]:
        """Inverse of own_tensors, which changes nothing yet: calling what it returns does. LearnerStateError where they do not fit.

        `state`: what `check_own_state` has passed.
        """
        refuse_strangers(tensors, ())
        return lambda: None

    def tensors(self) -> dict[str, Tensor]:
        """All tensor state, as copies on the CPU, so that training may go on during a save.

        Names: model.*, optimizer.*, snapshot.*, average.*, best.N.*, stream.*, and KIND.* of the mode's own.
        """
        return self.memory.tensors() | self.streams.pack() | self.own_tensors()

    def state_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.own_state(), **self.memory.state_dict()}

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Exact inverse of tensors() and state_dict(). LearnerStateError, with nothing changed, where they do not fit this learner."""
        if state.get("kind") != self.kind:
            raise LearnerStateError(f"the saved state is of a model of kind {state.get('kind')!r}; this one is of kind {self.kind!r}")
        # First read and check everything, then change: a state that does not fit leaves the learner as it was.
        self.check_own_state(state)
        own = {name: tensor for name, tensor in tensors.items() if name.startswith(f"{self.kind}.")}
        others = {name: tensor for name, tensor in tensors.items() if name not in own}
        adopt_own = self.recall_own(own, state)
        found = self.memory.recall(others, state)
        streams = self.streams.unpack(others)
        refuse_strangers(others, found.names | self.streams.pack().keys())
        self.memory.adopt(found)
        self.streams.put_back(streams)
        self.take_own_state(state)
        adopt_own()

    def weights_sha256(self) -> str:
        """Hash of the weights' bytes in name order."""
        return weights_sha256(self.model)
