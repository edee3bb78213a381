"""The game on a foreign training loop: three lines in any loop. The Hugging Face and Lightning callbacks are built on it.

    game = rolltrain_tui.session(model, optimizer, character_class=Wizard())
    ...
        with game.turn(loss):       # after loss.backward(), and after clipping if you clip
            optimizer.step()

The dice of the next turn are cast as soon as a turn ends. So weights that an ability restores are in place before the next forward pass.
But the optimiser's hooks act only inside of a turn: any other step is plain. A loop may also call the parts itself, in this order:

    game.begin()                    # before the forward pass
    ...                             # forward, backward, optimizer.step()
    game.end(loss)
    game.evaluated(val_loss)        # where the loop evaluates; a camp that is due follows it

A turn without a step: micro-batches whose gradient waits in `.grad` are one turn with the step that follows. A step that the loop skips,
as a loss scaler does, ends the turn, and nothing is wrong with that.
"""

import math
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rolltrain_tui.base.grammar import plural
from rolltrain_tui.cluster.boundary import agreed
from rolltrain_tui.cluster.gang import of_this_process
from rolltrain_tui.cluster.muster import know_machines
from rolltrain_tui.game.turn import TurnCycle
from rolltrain_tui.integrations.session.journal import Journal
from rolltrain_tui.integrations.session.metrics import LOSS, objective_of
from rolltrain_tui.integrations.session.step_watch import NO_STEP, StepWatch
from rolltrain_tui.integrations.session.talk import aloud
from rolltrain_tui.modes.changes import as_begun, changes
from rolltrain_tui.modes.module.config import ModuleConfig
from rolltrain_tui.protocol.commands import Command, SaveGame, Speak
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import CommandRefused, Event, LoopWarned
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import Evaluation, LearnerInfo, StepReport
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.game import Game
from rolltrain_tui.story.narration import tell
from rolltrain_tui.training.levers.foreign_optimizer import UNAVAILABLE_LEVERS, OptimizerHooks
from rolltrain_tui.training.levers.levers import StepMeasurement
from rolltrain_tui.training.levers.noise import add_weight_noise
from rolltrain_tui.training.machine.machine_kind import this_machine
from rolltrain_tui.training.optimizers.optimizer_state import parameters_of, rate_of
from rolltrain_tui.training.probe import layers_of
from rolltrain_tui.training.state.snapshots import LearnerStateError, fitting
from rolltrain_tui.training.state.state_memory import TrainingMemory, acts_before_the_step, refuse_strangers
from rolltrain_tui.training.state.streams import random_stream

NOISE = "stream.weight_noise"
"""Name of the noise's stream in a state."""
STACK = 6
"""Calls from a warning up to the one of `session`."""
EVENTS = 100_000
"""Kept in memory. The chronicle has all of them."""


class TurnCount:
    """The schedule of a foreign loop: it is counted here, and never put back."""

    def __init__(self) -> None:
        self.turn = 0

    def place(self) -> int:
        return self.turn

    def knows(self, place: Any) -> bool:
        return isinstance(place, int) and place >= 0

    def return_to(self, place: Any) -> None:
        pass


class Session:
    """One game over one foreign loop. Made by `session`. As a context manager it is closed at the end.

    A copy or a pickle takes model and optimiser along, and plays on from the same turn; it writes no chronicle.
    """

    def __init__(self, model: nn.Module, optimizer: Optimizer, config: ModuleConfig, folder: Path | None) -> None:
        _make_room(optimizer)
        self.config, self.model, self.optimizer = config, model, optimizer
        self.objective = LOSS
        """What evaluations measure."""
        self.ranks = of_this_process()
        """Several processes that train one model play one game: all of them get the same commands, losses and rolls."""
        self.hooks = OptimizerHooks(model, optimizer, self.ranks)
        self._steps = StepWatch(self.hooks)
        weakref.finalize(self, self.hooks.remove).atexit = False
        _OWNERS[optimizer] = weakref.ref(self)
        self.inbox = Inbox()
        """Commands (`rolltrain_tui.protocol.commands`) may be put here from any thread: `game.inbox.put(UseAbility("rage"))`."""
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.tell: Callable[[Event], None] = _warn
        """Called with every event. At first it prints warnings alone."""
        self.cycle = TurnCycle(config, self, self._info())
        self._schedule = TurnCount()
        layers = layers_of(model, self.hooks.levers.parameters)
        self.memory = TrainingMemory(model, self.hooks.levers, self._schedule, layers, config.evaluation.every, self.objective)
        self.memory.prepare(self.game.prepares())
        self.hooks.joined = self.memory.parameters_changed
        self._noise = random_stream(config.seed, "weight_noise")
        self._measured: dict[str, float] = {}
        self._window: list[float] = []
        """Losses of the micro-batches since the last step."""
        self._camp_waits = False
        """A camp is due. It is made when the next turn begins, so that an evaluation of this turn comes before it."""
        self._inside = False
        self._closed = False
        self._started = perf_counter()
        self._chronicle = Journal(folder) if folder is not None and self.ranks.first else None
        self._written = 0
        """Events in the chronicle where this game does not write it now. The ending is left out: a loop that goes on has another."""

    @property
    def game(self) -> Game:
        """The rules' side: the hero, the monsters and the dice, to look at."""
        return self.cycle.game

    @property
    def turn_number(self) -> int:
        """The last turn that is done."""
        return self.cycle.turn

    # The two halves of a turn.

    @contextmanager
    def turn(self, loss: Tensor | float) -> Iterator["Session"]:
        """One turn around `optimizer.step()`; `loss` is the raw mean loss of the batch. ValueError after `close`.

        An exception inside is raised. A step that was taken before it is told, and no later step is touched.
        """
        _check_one(loss, "a turn needs the loss of its batch", "loss of a turn", "game.turn(loss")
        if self._inside:
            raise ValueError("a turn is going on already; one turn is one optimizer.step(), so close it before the next one")
        self.begin()
        self._inside = True
        try:
            yield self
        except BaseException:
            self._inside = False
            if self.hooks.motion is None:
                self.hooks.disarm()
            else:
                self._finish(loss)
            raise
        self._inside = False
        self._finish(loss)

    def _finish(self, loss: Tensor | float) -> None:
        """The end of a turn, and the first half of the next one; its effect waits until that turn is entered."""
        self.end(_plain(loss))
        self._begin()

    def begin(self) -> None:
        """Begin the next turn, unless it has begun: commands, dice, and levers that act before a batch. ValueError after `close`."""
        self._begin()
        assert self.cycle.effect is not None
        if self.hooks.effect is None or self.hooks.motion is not None:  # the second: a turn that was interrupted after its step
            self.hooks.arm(self.cycle.effect)
        self._started = perf_counter()

    def _begin(self) -> None:
        if self._closed:
            raise ValueError("this game is closed; begin a new one with rolltrain_tui.session(model, optimizer)")
        cycle = self.cycle
        if cycle.effect is not None:
            return
        self._open()
        if self._camp_waits:
            self._camp_waits = False
            self._happen(cycle.camp())
        commands = agreed(self.ranks, self.inbox.drain(cycle.turn + 1))
        self._happen(cycle.begin(commands))
        self._happen(CommandRefused(cycle.turn + 1, c, _NOT_OURS) for c in commands if isinstance(c, Speak | SaveGame))
        self._measured = {}
        assert cycle.effect is not None
        if acts_before_the_step(cycle.effect):
            self.memory.before_the_step(cycle.effect, self._measured, None)

    def _open(self) -> None:
        """The story begins, with the first turn or with an evaluation before it."""
        if not self.cycle.began:
            know_machines(self.ranks, this_machine(threads=self.cycle.info.threads, device=self.cycle.info.device))
            if self._chronicle is not None:
                self._chronicle.truncate_to(0)
            self._happen([self.cycle.open()])

    def end(self, loss: float | None) -> StepReport:
        """The second half, after the optimiser's step or after the loop skipped it: what it did, and its consequences.

        `loss`: the raw mean loss of the batch; None where the loop keeps it to itself.

        Where a gradient still waits for its step, the turn goes on with the next micro-batch; its loss will be the mean of them all.
        """
        cycle = self.cycle
        if (effect := cycle.effect) is None or self._closed:
            raise ValueError("there is no turn to end; begin it before the optimiser's step, or write `with game.turn(loss):` around it")
        motion, warning = self._steps.motion()
        if warning:
            self._happen([LoopWarned(cycle.turn + 1, warning)])
        self.hooks.disarm()
        if loss is not None:
            self._window.append(self.ranks.mean(loss))
        mean = sum(self._window) / len(self._window) if self._window else math.nan
        finite = not self._window or math.isfinite(mean)
        if motion is None:
            return self._report(effect, NO_STEP, mean, finite=finite)
        self._window = []
        if motion.finite and motion.optimizer_steps and effect.weight_noise:
            self._measured["weight_noise"] = add_weight_noise(self.hooks.levers.parameters, effect.weight_noise, self._noise)
        report = self._report(effect, motion, mean, finite=motion.finite and finite)
        self._schedule.turn += 1
        self.memory.after_the_step(None, finite=motion.finite)
        report = self.ranks.agree_on(report)
        step, consequences = cycle.end(report)
        self._happen([step, *consequences])
        self._camp_waits = cycle.camp_due
        return report

    def _report(self, effect: StepEffect, motion: StepMeasurement, loss: float, *, finite: bool) -> StepReport:
        return StepReport(
            loss=loss,
            grad_norm=motion.grad_norm,
            lr=rate_of(self.optimizer),
            proposed_norm=motion.proposed_norm,
            applied_norm=motion.applied_norm,
            k_requested=effect.k_requested,
            k_effective=motion.k_effective,
            tokens=0,
            gflop=0.0,
            seconds=perf_counter() - self._started,
            finite=finite,
            optimizer_steps=motion.optimizer_steps,
            measured={**self._measured, **motion.levers},
        )

    # Between two turns.

    def evaluated(self, value: float, *, name: str | None = None, better: str | None = None) -> None:
        """Tell the game of an evaluation: it heals or hurts, teaches, and may bring monsters. ValueError after `close`.

        A loss needs only its value. Another metric has a name and a direction: evaluated(0.9, name="accuracy", better="higher"). It is
        the one that the game follows; to tell of a second one is a ValueError.
        """
        if self._closed:
            raise ValueError("this game is closed; tell it of an evaluation before close()")
        _check_one(value, "an evaluation needs its value", "value of an evaluation", "game.evaluated(value")
        if name is not None or better is not None:
            self.measure_by(objective_of(name, better))
        self._open()
        self._happen(self.cycle.evaluated(_evaluation(self.ranks.mean(_plain(value)))))

    def measure_by(self, objective: Objective) -> None:
        """From the first evaluation on, follow this number. ValueError where another one was told before."""
        if objective == self.objective:
            return
        if self.cycle.progress.last is not None:
            followed = f"{self.objective.name}, where {self.objective.better} is better"
            raise ValueError(f"this game follows the {followed}; tell it of one metric only, not of {objective.name} too")
        self.objective = self.memory.objective = objective
        if self.memory.checkpoints is not None:
            self.memory.checkpoints.objective = objective
        state, self.cycle = self.cycle.state_dict(), TurnCycle(self.config, self, self._info())
        self.cycle.load_state(state)
        if self.cycle.began:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """The story says again what the run is, from this turn on."""
        self._happen([replace(self.cycle.open(), turn=self.cycle.turn)])

    def remember(self, evaluation: Evaluation) -> None:
        """Keep the state that an evaluation measured, for abilities that return to the best."""
        self.memory.remember(evaluation)

    def snapshot(self) -> None:
        """Keep the state that a fallen hero returns to."""
        try:
            self.memory.camp = self.memory.capture()
        except LearnerStateError as error:  # the loop goes on; a fall would return to the camp before
            self._happen([LoopWarned(self.cycle.turn, f"This camp could not be kept: {error}.")])

    @property
    def stepped(self) -> bool:
        """A turn is going on, and the optimiser has taken its step."""
        return self.cycle.effect is not None and self.hooks.motion is not None

    @property
    def underway(self) -> bool:
        """The loop has not been closed."""
        return not self._closed

    def put(self, command: Command) -> None:
        """Queue a command, such as `rolltrain_tui.protocol.commands.UseAbility("rage")`, for the next turn that begins. From any thread."""
        self.inbox.put(command)

    def close(self, *, ended: bool = False) -> None:
        """Stop the game and give the optimiser back. `ended`: the loop has reached its end, and the story has one."""
        if self._closed:
            return
        if self._chronicle is not None:
            self._written = self._chronicle.events_written
        if ended and self.cycle.progress.last is not None:
            self._happen([self.cycle.close(_evaluation(self.cycle.progress.last))])
        self._closed = True
        self.hooks.remove()
        if (owner := _OWNERS.get(self.optimizer)) is not None and owner() is self:
            del _OWNERS[self.optimizer]
        if self._chronicle is not None:
            self._chronicle.close()
            self._chronicle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close(ended=kind is None)

    def _happen(self, events: Iterable[Event]) -> None:
        for event in events:
            self.events.append(event)
            if self._chronicle is not None:
                self._chronicle.append(event)
            self.tell(event)

    def _info(self) -> LearnerInfo:
        p = self.hooks.levers.parameters[0]
        weights = sum(p.numel() for p in self.model.parameters())
        dtype = str(p.dtype).removeprefix("torch.")
        return LearnerInfo(
            parameters=weights,
            model=f"{weights:,} {plural(weights, 'weight')}",
            objective=self.objective,
            device=str(p.device),
            dtype=dtype,
            threads=torch.get_num_threads(),
            tokens_per_turn=0,
            gflop_per_turn=0.0,
            unavailable_levers=UNAVAILABLE_LEVERS,
            mute=_NOT_OURS,
        )

    # Saves, beside the loop's own checkpoint, which holds weights and moments.

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors, which torch.save and torch.load(weights_only=True) can hold."""
        return {**self.record(), "tensors": self.tensors()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Exact inverse of state_dict(), once the loop has loaded weights and moments. ValueError when it does not fit."""
        if not isinstance(state, Mapping) or not isinstance(state.get("tensors"), Mapping):
            raise LearnerStateError("this is not the state of a game; load what Session.state_dict() gave")
        self.load_state(state, state["tensors"])

    def tensors(self) -> dict[str, Tensor]:
        """The tensors of the state, for checkpoints that keep them apart."""
        drawn, unused = self._noise.get_state(), random_stream(self.config.seed, "weight_noise").get_state()
        return self.memory.tensors(now=False) | ({} if torch.equal(drawn, unused) else {NOISE: drawn})

    def record(self) -> dict[str, Any]:
        """The rest of the state, as JSON values."""
        if self._chronicle is not None:
            self._chronicle.sync()
        return {
            **self.cycle.state_dict(),
            "camp_waits": self._camp_waits,
            "window": list(self._window),
            "settings": self.config.model_dump(mode="json"),
            "objective": asdict(self.objective),
            "events": self._chronicle.events_written if self._chronicle is not None else self._written,
            "hindsight": self.memory.state_dict(),  # the name that checkpoints have for it
        }

    def load_state(self, state: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Inverse of record() and tensors(). ValueError when they do not fit."""
        try:
            found = self.memory.recall(tensors, state["hindsight"], now=False)
            noise = random_stream(self.config.seed, "weight_noise").get_state()
            if NOISE in tensors:  # else nothing was drawn yet
                noise = fitting(tensors, NOISE, noise.shape, torch.uint8)
            self.measure_by(Objective(**state["objective"]) if "objective" in state else LOSS)
            self.cycle.load_state(_of_today(state))
            self._camp_waits = bool(state.get("camp_waits", False))
            self._window = [float(loss) for loss in state.get("window", ())]
            self._schedule.turn = self.cycle.turn
            events = int(state["events"])
        except (KeyError, TypeError, AttributeError) as error:
            raise LearnerStateError(f"this is not the state of a game: {type(error).__name__}: {error}") from error
        refuse_strangers(tensors, found.names | {NOISE})
        self.hooks.disarm()
        self.memory.adopt(found)
        self._noise.set_state(noise)
        self._written = events
        as_told = self._go_on_from(state.get("settings"))
        if self._chronicle is not None:
            self._chronicle.truncate_to(events)
            as_told = as_told and self._chronicle.events_written == events  # else the story so far is in another folder
        if self.cycle.began and not as_told:
            self._begin_anew()

    def _go_on_from(self, settings: Any) -> bool:
        """Take what lasts from the settings of a state, None in older ones. Whether the story has told of all others."""
        if settings is None:
            return True
        before = ModuleConfig.model_validate(settings)
        self.config, other = as_begun(before, self.config)
        self.cycle.config = self.config
        if other:
            warnings.warn(f"the game goes on with what it was saved with: {other}; for other values, begin a new game", stacklevel=4)
        return not changes(before, self.config)

    def __reduce__(self) -> Any:
        state = None if self._closed else self.state_dict()
        return _revived, (self.model, self.optimizer, self.config, state, list(self.events))


_OWNERS: weakref.WeakKeyDictionary[Optimizer, weakref.ref[Session]] = weakref.WeakKeyDictionary()
"""The game that acts on an optimiser."""


def _make_room(optimizer: Optimizer) -> None:
    """Close the game that acts on this optimiser, as where a notebook's cell is run twice. Tell of it, and of others on its weights."""
    own = set(parameters_of(optimizer))
    for other, reference in list(_OWNERS.items()):
        if (game := reference()) is None or own.isdisjoint(game.hooks.levers.parameters):
            continue
        words = "through another optimizer; close() that one if its loop is over"
        if other is optimizer:
            game.close()
            words = "which is closed, for an optimizer plays one game at a time"
        warnings.warn(f"these weights have a game already, at turn {game.turn_number}, {words}", stacklevel=STACK)


def _revived(model: nn.Module, optimizer: Optimizer, config: ModuleConfig, state: Mapping[str, Any] | None, events: list[Event]) -> Session:
    """A copied or unpickled session."""
    game = Session(model, optimizer, config, None)
    game.events.extend(events)
    if state is None:
        game.close()
    else:
        game.load_state_dict(state)
    return game


def _of_today(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state as it is written now. Older checkpoints call the losses "last" and "best", and made each camp at once."""
    if "val_loss" in state:
        return state
    return {**state, "ended": False, "val_loss": state["last"], "best_val_loss": state["best"], "gflop": 0.0}


def _evaluation(value: float) -> Evaluation:
    """A foreign loop gives its mean loss, without a standard error."""
    return Evaluation(value=value, standard_error=math.inf, count=1, gflop=0.0)


def _check_one(number: Any, what: str, of: str, call: str) -> None:
    """TypeError or ValueError unless it is one number: Python's, a tensor's or NumPy's."""
    if not hasattr(number, "__float__"):
        raise TypeError(f"{what}, a number or a tensor with one, not a {type(number).__name__}")
    if (count := number.numel() if isinstance(number, Tensor) else getattr(number, "size", 1)) != 1:
        raise ValueError(f"the {of} must be one number, not {count}; give its mean: {call}.mean())")
    if isinstance(number, Tensor) and number.is_meta:
        raise ValueError(f"the {of} is on the meta device, where there are no numbers; move model and data to a real one first")
    if isinstance(number, Tensor) and number.is_complex():
        raise ValueError(f"the {of} must be a real number, not a complex one; give its size or its real part: {call}.abs())")


def _plain(number: Any) -> float:
    return float(number.item() if isinstance(number, Tensor) else number)


def _warn(event: Event) -> None:
    if isinstance(event, LoopWarned):
        aloud(f"[turn {event.turn}] {tell(event)}")


_NOT_OURS = "The loop that trains is not rolltrain's: it saves by itself, and the model writes no text here."
