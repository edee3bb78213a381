"""The game on a foreign training loop: three lines in any loop. The Hugging Face and Lightning callbacks are built on it.

    game = rolltrain_tui.session(model, optimizer, character_class=Wizard())
    ...
        with game.turn(loss):       # after loss.backward(), and after clipping if you clip
            optimizer.step()

The next turn begins as soon as a turn ends. So weights that an ability restores are in place before the next forward pass.
A loop with evaluations calls the parts itself, in this order:

    game.begin()                    # before the forward pass
    ...                             # forward, backward, optimizer.step()
    game.end(loss)
    game.evaluated(val_loss)        # where the loop evaluates; a camp that is due follows it
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rolltrain_tui.game.turn import TurnCycle
from rolltrain_tui.integrations import ranks
from rolltrain_tui.integrations.characters import Character
from rolltrain_tui.integrations.keywords import NOT_GIVEN, either, exact_keywords
from rolltrain_tui.integrations.plain import check_parts
from rolltrain_tui.integrations.terms import Terms, at_least_one, title
from rolltrain_tui.modes.module import diagnosis
from rolltrain_tui.modes.module.config import ModuleConfig
from rolltrain_tui.protocol.commands import Command, SaveGame, Speak
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import CommandRefused, Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import Evaluation, LearnerInfo, StepReport
from rolltrain_tui.rules.game import Game
from rolltrain_tui.rules.rulebooks import RULEBOOKS
from rolltrain_tui.runs.event_log import Chronicle
from rolltrain_tui.runs.layout import CHRONICLE
from rolltrain_tui.training.foreign_optimizer import UNAVAILABLE_LEVERS, OptimizerHooks
from rolltrain_tui.training.levers import StepMeasurement, add_weight_noise
from rolltrain_tui.training.snapshots import LearnerStateError, fitting
from rolltrain_tui.training.state_memory import TrainingMemory, acts_before_the_step, refuse_strangers
from rolltrain_tui.training.streams import random_stream

ENDLESS = 1_000_000
"""Turns of a loop that does not say how many it takes."""
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
    """One game over one foreign loop. Made by `session`."""

    def __init__(self, model: nn.Module, optimizer: Optimizer, config: ModuleConfig, folder: Path | None) -> None:
        self.config, self.model, self.optimizer = config, model, optimizer
        self.grip = OptimizerHooks(model, optimizer)
        self.inbox = Inbox()
        """Commands may be put here from any thread: `game.inbox.put(UseAbility("rage"))`."""
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.tell: Callable[[Event], None] = lambda event: None
        """Called with every event."""
        self.cycle = TurnCycle(config, self, self._info())
        self._schedule = TurnCount()
        layers = diagnosis.layers_of(model, self.grip.levers.parameters)
        self.hindsight = TrainingMemory(model, self.grip.levers, self._schedule, layers, config.evaluation.every)
        self.hindsight.prepare(self.game.prepares())
        self._noise = random_stream(config.seed, "weight_noise")
        self._measured: dict[str, float] = {}
        self._camp_waits = False
        """A camp is due. It is made when the next turn begins, so that an evaluation of this turn comes before it."""
        self._closed = False
        self._started = perf_counter()
        self._chronicle = self._open_chronicle(folder)

    def _open_chronicle(self, folder: Path | None) -> Chronicle | None:
        if folder is None or not ranks.first():
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return Chronicle(folder / CHRONICLE)

    @property
    def game(self) -> Game:
        return self.cycle.game

    @property
    def turn_number(self) -> int:
        """The last turn that is done."""
        return self.cycle.turn

    # The two halves of a turn.

    @contextmanager
    def turn(self, loss: Tensor | float) -> Iterator["Session"]:
        """One turn around `optimizer.step()`; `loss` is the raw mean loss of the batch."""
        self.begin()
        yield self
        self.end(loss.item() if isinstance(loss, Tensor) else loss)
        self.begin()

    def begin(self) -> None:
        """The first half of the next turn, unless it has begun: commands, dice, and levers that act before a batch is read."""
        cycle = self.cycle
        if cycle.effect is not None:
            return
        if not cycle.began:
            if self._chronicle is not None:
                self._chronicle.truncate_to(0)
            self._happen([cycle.open()])
        if self._camp_waits:
            self._camp_waits = False
            self._happen(cycle.camp())
        commands = ranks.agree(self.inbox.drain(cycle.turn + 1))
        self._happen(cycle.begin(commands))
        self._happen(CommandRefused(cycle.turn + 1, c, _NOT_OURS) for c in commands if isinstance(c, Speak | SaveGame))
        self._measured = {}
        assert cycle.effect is not None
        if acts_before_the_step(cycle.effect):
            self.hindsight.before_the_step(cycle.effect, self._measured, None)
        self.grip.effect = cycle.effect
        self._started = perf_counter()

    def end(self, loss: float | None) -> StepReport:
        """The second half, after the optimiser's step or after the loop skipped it: what it did, and its consequences.

        `loss`: the raw mean loss of the batch; None where the loop keeps it to itself.
        """
        cycle = self.cycle
        if (effect := cycle.effect) is None:
            raise ValueError("there is no turn to end; begin it before the optimiser's step, or write `with game.turn(loss):` around it")
        told = ranks.mean(math.nan if loss is None else loss)
        motion = self.grip.motion or StepMeasurement(grad_norm=math.nan, finite=False, optimizer_steps=0)
        self.grip.effect = None
        if motion.finite and effect.weight_noise:
            self._measured["weight_noise"] = add_weight_noise(self.grip.levers.parameters, effect.weight_noise, self._noise)
        report = self._report(effect, motion, told, finite=motion.finite and (loss is None or math.isfinite(told)))
        self._schedule.turn += 1
        self.hindsight.after_the_step(None, finite=motion.finite)
        step, consequences = cycle.end(report)
        self._happen([step, *consequences])
        self._camp_waits = cycle.camp_due
        return report

    def _report(self, effect: StepEffect, motion: StepMeasurement, loss: float, *, finite: bool) -> StepReport:
        return StepReport(
            loss=loss,
            grad_norm=motion.grad_norm,
            lr=float(self.optimizer.param_groups[0]["lr"]),
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

    def evaluated(self, value: float) -> None:
        """Tell the game of an evaluation: it heals or hurts, teaches, and may bring monsters."""
        self._happen(self.cycle.evaluated(_evaluation(ranks.mean(value))))

    def remember(self, evaluation: Evaluation) -> None:
        """Keep the state that an evaluation measured, for abilities that return to the best."""
        self.hindsight.remember(evaluation)

    def snapshot(self) -> None:
        """Keep the state that a fallen hero returns to."""
        self.hindsight.camp = self.hindsight.capture()

    @property
    def underway(self) -> bool:
        """The loop has not been closed."""
        return not self._closed

    def put(self, command: Command) -> None:
        """Queue a command for the next turn that begins. From any thread."""
        self.inbox.put(command)

    def close(self, *, ended: bool = False) -> None:
        """Stop the game and give the optimiser back. `ended`: the loop has reached its end, and the story has one."""
        if ended and self.cycle.progress.last is not None:
            self._happen([self.cycle.close(_evaluation(self.cycle.progress.last))])
        self._closed = True
        self.grip.remove()
        if self._chronicle is not None:
            self._chronicle.close()
            self._chronicle = None

    def _happen(self, events: Iterable[Event]) -> None:
        for event in events:
            self.events.append(event)
            if self._chronicle is not None:
                self._chronicle.append(event)
            self.tell(event)

    def _info(self) -> LearnerInfo:
        p = self.grip.levers.parameters[0]
        weights = sum(p.numel() for p in self.model.parameters())
        dtype = str(p.dtype).removeprefix("torch.")
        return LearnerInfo(
            parameters=weights,
            model=f"{weights:,} weights",
            objective=self.config.objective,
            device=str(p.device),
            dtype=dtype,
            threads=torch.get_num_threads(),
            tokens_per_turn=0,
            gflop_per_turn=0.0,
            unavailable_levers=UNAVAILABLE_LEVERS,
            mute=_NOT_OURS,
        )

    # Saves, beside the loop's own checkpoint, which holds weights and moments.

    def tensors(self) -> dict[str, Tensor]:
        return self.hindsight.tensors(now=False) | {"stream.weight_noise": self._noise.get_state()}

    def state_dict(self) -> dict[str, Any]:
        """As JSON values."""
        if self._chronicle is not None:
            self._chronicle.sync()
        return {
            **self.cycle.state_dict(),
            "camp_waits": self._camp_waits,
            "events": self._chronicle.events_written if self._chronicle is not None else 0,
            "hindsight": self.hindsight.state_dict(),
        }

    def load_state(self, state: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Exact inverse of state_dict() and tensors(), once the loop has loaded weights and moments. ValueError when they do not fit."""
        try:
            found = self.hindsight.recall(tensors, state["hindsight"], now=False)
            noise = fitting(tensors, "stream.weight_noise", self._noise.get_state().shape, torch.uint8)
            self.cycle.load_state(_of_today(state))
            self._camp_waits = bool(state.get("camp_waits", False))
            self._schedule.turn = self.cycle.turn
            self.grip.effect = self.cycle.effect
            events = int(state["events"])
        except (KeyError, TypeError, AttributeError) as error:
            raise LearnerStateError(f"this is not the state of a game: {type(error).__name__}: {error}") from error
        refuse_strangers(tensors, found.names | {"stream.weight_noise"})
        self.hindsight.adopt(found)
        self._noise.set_state(noise)
        if self._chronicle is not None:
            self._chronicle.truncate_to(events)


def _of_today(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state as it is written now. Older checkpoints call the losses "last" and "best", and made each camp at once."""
    if "val_loss" in state:
        return state
    return {**state, "ended": False, "val_loss": state["last"], "best_val_loss": state["best"], "gflop": 0.0}


def _evaluation(value: float) -> Evaluation:
    """A foreign loop gives its mean loss, without a standard error."""
    return Evaluation(value=value, standard_error=math.inf, count=1, gflop=0.0)


_NOT_OURS = "The loop that trains is not rolltrain's: it saves by itself, and the model writes no text here."


@exact_keywords
def session(
    model: nn.Module,
    optimizer: Optimizer,
    *,
    turns: int | None = None,
    max_steps: int | None = NOT_GIVEN,
    character_class: Character | type[Character] | str | None = None,
    intelligence: int = 10,
    dc: float = 15,
    dice_type: str = "d20",
    advantage: bool = False,
    disadvantage: bool = False,
    use_xp_system: bool = True,
    encounter_chance: float = 0.1,
    rulebook: str = "hero",
    monsters: str | None = None,
    seed: int = 0,
    deaths: bool = False,
    camp_every: int = 250,
    name: str | None = None,
    folder: Path | str | None = None,
) -> Session:
    """A game over your own loop. Loss, clipping, mixed precision, accumulation and schedule stay the loop's.

    `turns`, or `max_steps`: how many optimiser steps the loop takes; None: not known. `folder` is where the chronicle is written; None:
    only `events` holds it. The other keywords are those of RollToTrain. A rulebook that scales the loss ("source") is refused with a
    ValueError, because only the loop can scale its loss.
    """
    terms = foreign_terms(locals())
    turns = either("turns", NOT_GIVEN if turns is None else turns, "max_steps", max_steps)
    return begin_session(model, optimizer, terms, turns=turns, camp_every=camp_every, name=name, folder=folder)


def foreign_terms(given: Mapping[str, Any]) -> Terms:
    """The game's terms, by name, for a loop that is not ours. ValueError and TypeError name what cannot be."""
    terms = Terms(**{field.name: given[field.name] for field in fields(Terms) if field.name in given}, accumulation_steps=1)
    if (book := RULEBOOKS[terms.rulebook]).roll_on != "step" or book.hook not in ("update", "lr"):
        raise ValueError(f"rulebook {terms.rulebook} weighs the loss, which a loop of your own keeps to itself; use RollToTrain for it")
    return terms


def begin_session(
    model: nn.Module,
    optimizer: Optimizer,
    terms: Terms,
    *,
    turns: int | None,
    camp_every: int,
    name: str | None,
    folder: Path | str | None,
) -> Session:
    """`session` with terms that were checked before."""
    check_parts(model, optimizer)
    if turns is not None:
        at_least_one("turns", turns)
    at_least_one("camp_every", camp_every)
    table = terms.table(
        name=title(name, model),
        turns=turns or ENDLESS,
        camp_every=camp_every,
        evaluate_every=camp_every,
        twin="off",
    )
    table["diagnosis"]["examine"] = False
    table["adventure"]["loot"] = False  # the Ring of the Mean needs an average of the weights, and that costs 2 % of every step
    trained = {
        "model": type(model).__name__,
        "optimizer": type(optimizer).__name__,
        "scheduler": None,
        "clip": None,
        "dtype": "float32",
        "accumulation": 1,
        "epoch": camp_every,
        "scheduler_every": "epoch",
    }
    config = ModuleConfig.model_validate({**table, "kind": "module", "trained": trained})
    return Session(model, optimizer, config, Path(folder) if folder is not None else None)
