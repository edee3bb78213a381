"""The game on a training loop that is not ours: three lines in any loop, and what the Hugging Face and Lightning callbacks stand on.

    game = rolltrain_tui.session(model, optimizer, character_class=Wizard())
    ...
        with game.turn(loss):       # after loss.backward(), and after clipping if you clip
            optimizer.step()

A turn begins (orders, dice, what heals or returns) where the one before it ended, so that the next batch is read by the weights it acts
on; it acts on the optimiser's own step, and ends with what the step did.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rolltrain_tui.game.campaign import LOSS_EMA_DECAY, campaign_began, step_taken
from rolltrain_tui.game.counterfactual import load_effect
from rolltrain_tui.game.setup import new_game, rulebook_of
from rolltrain_tui.integrations import ranks
from rolltrain_tui.integrations.plain import check_parts
from rolltrain_tui.integrations.terms import Terms
from rolltrain_tui.modes.module import diagnosis
from rolltrain_tui.modes.module.config import ModuleConfig
from rolltrain_tui.protocol.commands import Command, SaveGame, Speak
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import CampaignEnded, CommandRefused, Evaluated, Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import Evaluation, LearnerInfo, StepReport
from rolltrain_tui.runs.event_log import Chronicle
from rolltrain_tui.runs.run import CHRONICLE_FILE
from rolltrain_tui.training.foreign_optimizer import UNAVAILABLE_LEVERS, OptimizerHooks
from rolltrain_tui.training.levers import StepMeasurement, add_weight_noise
from rolltrain_tui.training.snapshots import LearnerStateError, fitting
from rolltrain_tui.training.state_memory import TrainingMemory, acts_before_the_step, refuse_strangers
from rolltrain_tui.training.streams import random_stream

ENDLESS = 1_000_000
"""Turns of a loop that does not say how many it takes."""
EVENTS = 100_000
"""Kept in memory; the chronicle has all."""


class TurnCount:
    """The schedule of a loop that keeps its own: only counted here, and never gone back in."""

    def __init__(self) -> None:
        self.turn = 0

    def place(self) -> int:
        return self.turn

    def knows(self, place: Any) -> bool:
        return isinstance(place, int) and place >= 0

    def return_to(self, place: Any) -> None:
        pass


class Session:
    """One game over one foreign loop. Made by `session`. Call order: begin, (the optimiser's step), end, over and over."""

    def __init__(self, model: nn.Module, optimizer: Optimizer, config: ModuleConfig, folder: Path | None) -> None:
        self.config, self.model, self.optimizer = config, model, optimizer
        self.grip = OptimizerHooks(model, optimizer)
        self.game = new_game(config, unavailable_levers=UNAVAILABLE_LEVERS)
        self.inbox = Inbox()
        """Commands may be put here from any thread: `game.inbox.put(UseAbility("rage"))`."""
        self.turn_number = 0
        """The last turn that is done."""
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.tell: Callable[[Event], None] = lambda event: None
        """Called with every event."""
        self._schedule = TurnCount()
        layers = diagnosis.layers_of(model, self.grip.levers.parameters)
        self.hindsight = TrainingMemory(model, self.grip.levers, self._schedule, layers, config.evaluation.every)
        self.hindsight.prepare(self.game.prepares())
        self._noise = random_stream(config.seed, "weight_noise")
        self._effect: StepEffect | None = None
        self._measured: dict[str, float] = {}
        self._began = self._closed = False
        self._loss_ema: float | None = None
        self._best: float | None = None
        self._last: float | None = None
        """The last validation loss told, and the best."""
        self._started = perf_counter()
        self._chronicle = self._open_chronicle(folder)

    def _open_chronicle(self, folder: Path | None) -> Chronicle | None:
        if folder is None or not ranks.first():
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return Chronicle(folder / CHRONICLE_FILE)

    # The two halves of a turn.

    @contextmanager
    def turn(self, loss: Tensor | float) -> Iterator["Session"]:
        """One turn around `optimizer.step()`; `loss` is the raw mean loss of the batch."""
        self.begin()
        yield self
        self.end(loss.item() if isinstance(loss, Tensor) else loss)
        self.begin()

    def begin(self) -> None:
        """The first half of the next turn, unless it has begun: orders, dice, and what acts before a batch is read."""
        if self._effect is not None:
            return
        if not self._began:
            self._began = True
            if self._chronicle is not None:
                self._chronicle.truncate_to(0)
            self._happen(campaign_began(self.config, self.game, self._facts()))
        turn = self.turn_number + 1
        commands = ranks.agree(self.inbox.drain(turn))
        facts, effect = self.game.begin_turn(turn, commands)
        refused = [CommandRefused(turn, c, _NOT_OURS) for c in commands if isinstance(c, Speak | SaveGame)]
        self._happen(*facts, *refused)
        self._measured = {}
        if acts_before_the_step(effect):
            self.hindsight.before_the_step(effect, self._measured, None)
        self._effect = self.grip.effect = effect
        self._started = perf_counter()

    def end(self, loss: float) -> StepReport:
        """The second half, after the optimiser's step (or after the loop has decided against one): what it did, and what comes of it."""
        if self._effect is None:
            raise ValueError("there is no turn to end; begin it before the optimiser's step, or write `with game.turn(loss):` around it")
        effect, self._effect = self._effect, None
        loss = ranks.mean(loss)
        motion = self.grip.motion or StepMeasurement(grad_norm=math.nan, finite=False, optimizer_steps=0)
        self.grip.effect = None
        if motion.finite and effect.weight_noise:
            self._measured["weight_noise"] = add_weight_noise(self.grip.levers.parameters, effect.weight_noise, self._noise)
        report = self._report(effect, motion, loss)
        self.turn_number += 1
        self._schedule.turn += 1
        self.hindsight.after_the_step(None, finite=motion.finite)
        if report.finite:
            before = loss if self._loss_ema is None else self._loss_ema
            self._loss_ema = LOSS_EMA_DECAY * before + (1 - LOSS_EMA_DECAY) * loss
        ema = loss if self._loss_ema is None else self._loss_ema
        self._happen(step_taken(self.turn_number, report, ema, 0.0, effect.levers()), *self.game.end_turn(self.turn_number, report))
        if self.turn_number % self.config.camps.every == 0 and not self.game.rollback_due:
            self._happen(*self.game.camp(self.turn_number))
            self.hindsight.camp = self.hindsight.capture()
        return report

    def _report(self, effect: StepEffect, motion: StepMeasurement, loss: float) -> StepReport:
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
            finite=motion.finite and math.isfinite(loss),
            optimizer_steps=motion.optimizer_steps,
            measured={**self._measured, **motion.levers},
        )

    def evaluated(self, val_loss: float) -> None:
        """Tell the table of an evaluation, between two turns: it heals or hurts, teaches, and may bring monsters."""
        val_loss = ranks.mean(val_loss)
        improved = self._best is None or val_loss < self._best
        self._best, self._last = val_loss if improved or self._best is None else self._best, val_loss
        turn, train = self.turn_number, self._loss_ema if self._loss_ema is not None else val_loss
        self._happen(Evaluated(turn, val_loss, math.inf, self._best, train, improved))
        self._happen(*self.game.learned(turn, val_loss), *self.game.examined(turn, {}, ()))
        self.hindsight.remember(Evaluation(loss=val_loss, standard_error=math.inf, sequences=1, gflop=0.0))

    @property
    def underway(self) -> bool:
        """The loop has not been closed."""
        return not self._closed

    def put(self, command: Command) -> None:
        """Queue a command for the next turn that begins. From any thread."""
        self.inbox.put(command)

    def close(self, *, ended: bool = False) -> None:
        """The loop is over (`ended`: by reaching its end): the optimiser is the loop's alone again, the chronicle is whole."""
        if ended and self._last is not None and self._best is not None:
            self._happen(self._ending(self._last, self._best))
        self._closed = True
        self.grip.remove()
        if self._chronicle is not None:
            self._chronicle.close()
            self._chronicle = None

    def _ending(self, val_loss: float, best: float) -> CampaignEnded:
        hero = self.game.hero
        return CampaignEnded(
            turn=self.turn_number,
            ending="victory",
            train_loss=self._loss_ema if self._loss_ema is not None else val_loss,
            val_loss=val_loss,
            standard_error=math.inf,
            best_val_loss=best,
            floor=None,
            level=hero.level,
            xp=hero.xp,
            deaths=hero.deaths,
            gflop=0.0,
        )

    def _happen(self, *events: Event) -> None:
        for event in events:
            self.events.append(event)
            if self._chronicle is not None:
                self._chronicle.append(event)
            self.tell(event)

    def _facts(self) -> LearnerInfo:
        p = self.grip.levers.parameters[0]
        weights = sum(p.numel() for p in self.model.parameters())
        dtype = str(p.dtype).removeprefix("torch.")
        return LearnerInfo(
            parameters=weights,
            vocabulary=0,
            floor=None,
            device=str(p.device),
            dtype=dtype,
            threads=torch.get_num_threads(),
            tokens_per_turn=0,
            gflop_per_turn=0.0,
            unavailable_levers=UNAVAILABLE_LEVERS,
            mute=_NOT_OURS,
        )

    # Kept beside the loop's own checkpoint, which holds weights and moments.

    def tensors(self) -> dict[str, Tensor]:
        return self.hindsight.tensors(now=False) | {"stream.weight_noise": self._noise.get_state()}

    def state_dict(self) -> dict[str, Any]:
        """As JSON values."""
        if self._chronicle is not None:
            self._chronicle.sync()
        return {
            "turn": self.turn_number,
            "began": self._began,
            "loss_ema": self._loss_ema,
            "best": self._best,
            "last": self._last,
            "effect": None if self._effect is None else asdict(self._effect),
            "events": self._chronicle.events_written if self._chronicle is not None else 0,
            "game": self.game.state_dict(),
            "hindsight": self.hindsight.state_dict(),
        }

    def load_state(self, state: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Exact inverse of state_dict() and tensors(), once the loop has loaded weights and moments. ValueError when they do not fit."""
        try:
            found = self.hindsight.recall(tensors, state["hindsight"], now=False)
            noise = fitting(tensors, "stream.weight_noise", self._noise.get_state().shape, torch.uint8)
            self.game.load_state_dict(state["game"])
            self.turn_number, self._began = int(state["turn"]), bool(state["began"])
            self._schedule.turn = self.turn_number
            self._loss_ema, self._best, self._last = state["loss_ema"], state["best"], state["last"]
            self._effect = self.grip.effect = load_effect(state["effect"])
            events = int(state["events"])
        except (KeyError, TypeError, AttributeError) as error:
            raise LearnerStateError(f"this is not the state of a game: {type(error).__name__}: {error}") from error
        refuse_strangers(tensors, found.names | {"stream.weight_noise"})
        self.hindsight.adopt(found)
        self._noise.set_state(noise)
        if self._chronicle is not None:
            self._chronicle.truncate_to(events)


_NOT_OURS = "The loop that trains is not rolltrain's: it saves by itself, and the model writes no text here."


def session(
    model: nn.Module,
    optimizer: Optimizer,
    *,
    turns: int | None = None,
    camp_every: int = 250,
    name: str | None = None,
    folder: Path | str | None = None,
    **terms: Any,
) -> Session:
    """A game over a loop of your own, which goes on to own loss, clipping, mixed precision, accumulation and schedule.

    `folder` is where the chronicle is written; None: only `events` remembers. `terms` are RollToTrain's words: intelligence, dc,
    dice_type, advantage, disadvantage, character_class, use_xp_system, encounter_chance, rulebook, monsters, seed. A rulebook that acts
    on the loss ("source") is refused with a ValueError: a foreign loop keeps its loss to itself.
    """
    check_parts(model, optimizer)
    if unknown := sorted(terms.keys() - TERMS):
        raise TypeError(f"session has no parameter {unknown[0]!r}; it has {', '.join(sorted(TERMS))}")
    agreed = Terms(**{"accumulation_steps": 1, **terms})
    table = agreed.table(
        name=name or f"Roll to Train: {type(model).__name__}",
        turns=turns or ENDLESS,
        epoch=camp_every,
        evaluate_every=camp_every,
        twin="off",
    )
    table["diagnosis"]["examine"] = False
    table["adventure"]["loot"] = False  # the Ring of the Mean would need an average of the weights at every step, 2 % of it
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
    if (book := rulebook_of(config.dice)).roll_on != "step" or book.hook not in ("update", "lr"):
        raise ValueError(f"rulebook {agreed.rulebook} weighs the loss, which a loop of your own keeps to itself; use RollToTrain for it")
    return Session(model, optimizer, config, Path(folder) if folder is not None else None)


TERMS = frozenset(
    ("intelligence", "dc", "dice_type", "advantage", "disadvantage", "character_class", "use_xp_system", "encounter_chance", "rulebook",
     "monsters", "seed")
)  # fmt: skip
