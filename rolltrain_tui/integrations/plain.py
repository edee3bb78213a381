"""RollToTrain: the game on any PyTorch model, with the interface of the original's quick start.

trainer = RollToTrain(model=model, optimizer=optimizer, scheduler=scheduler, intelligence=15,
                      character_class=Wizard(level=1), use_xp_system=True)
trainer.train(train_dataloader, eval_dataloader)      # a progress bar
trainer.play(train_dataloader, eval_dataloader)       # the game on screen
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import LBFGS, Optimizer

from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.integrations.characters import Character
from rolltrain_tui.integrations.terms import Terms, title
from rolltrain_tui.modes.module.config import ModuleConfig
from rolltrain_tui.modes.module.criterion import Criterion, Loss, TrainingStep
from rolltrain_tui.modes.module.learner import ModuleLearner, TrainingParts
from rolltrain_tui.plain.run import PlainSession
from rolltrain_tui.plain.signals import Caught, caught
from rolltrain_tui.plain.views import SafeStream, progress_view
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.events import Evaluated, StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.open import SavedRun
from rolltrain_tui.runs.run import Run

FEWEST_BETWEEN_CAMPS = 200
"""Turns; a camp is a checkpoint of everything, and an epoch may be short."""


class RollToTrain:
    """A trainer whose every optimiser step is a turn of the game.

    The first parameters are the original's, with its defaults. TypeError and ValueError say which value is wrong.

    mode            None: one roll for each optimiser step (rulebook "source": as the original). "per_mini_batch": one roll for each
                    micro-batch, on its loss. "per_accumulation_step": one for each step.
    rulebook        "hero" trains about as well as no dice at all; "source" is the original's, which hardly trains; "off" rolls for show.
    monsters        "both" (by chance and by diagnosis), "diagnosed", "random", "off"; None: "off" where encounter_chance is 0, else "both".
    loss            called as loss(output, target); None: the model's own.
    training_step   called as training_step(model, batch), gives the loss; for every other form of batch.
    clip            gradient-norm threshold of every step; None: no clipping.
    scheduler_every "epoch", as the original, or "turn".
    evaluate_every  turns between evaluations; None: an epoch.
    turns           instead of num_epochs, and needed for a loader without a length.
    twin            "on_use", "always" or "off"; None: "on_use" on screen, "off" with a progress bar (a twin doubles the cost of a turn).
    deaths          True: a hero who falls returns the weights to the last camp. False: the hero never loses the last hit point.
    runs            the folder for run folders; None: where `rolltrain` keeps its saves.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        scheduler: Any = None,
        tokenizer: Callable[..., Any] | None = None,
        intelligence: int = 10,
        dc: float = 15,
        accumulation_steps: int = 64,
        mode: str | None = None,
        num_epochs: int = 3,
        dice_type: str = "d20",
        advantage: bool = False,
        disadvantage: bool = False,
        character_class: Character | type[Character] | str | None = None,
        use_xp_system: bool = True,
        encounter_chance: float = 0.1,
        *,
        rulebook: str = "hero",
        monsters: str | None = None,
        loss: Loss | None = None,
        training_step: TrainingStep | None = None,
        clip: float | None = 1.0,
        dtype: Literal["float32", "bfloat16"] = "float32",
        scheduler_every: Literal["epoch", "turn"] = "epoch",
        evaluate_every: int | None = None,
        turns: int | None = None,
        twin: Literal["on_use", "always", "off"] | None = None,
        seed: int = 0,
        deaths: bool = False,
        name: str | None = None,
        runs: Path | str | None = None,
    ) -> None:
        check_parts(model, optimizer)
        given = locals()
        self.terms = Terms(**{f.name: given[f.name] for f in fields(Terms)})
        self.model, self.optimizer, self.scheduler, self.tokenizer = model, optimizer, scheduler, tokenizer
        self.name = title(name, model)
        self.runs = Path(runs) if runs is not None else saves.saves_root(None)
        self.run: Run | None = None
        """The run, from the first `train` or `play` on."""
        self._loss, self._training_step = loss, training_step
        self._clip, self._dtype, self._scheduler_every = clip, dtype, scheduler_every
        self._evaluate_every, self._turns, self._twin = evaluate_every, turns, twin
        self._checkpoint: Path | None = None

    # Training.

    def train(
        self,
        train_dataloader: Iterable[Any],
        eval_dataloader: Iterable[Any] | None = None,
        *,
        resume: Path | str | None = None,
        moves: Sequence[tuple[int, Command]] = (),
        progress: bool = True,
    ) -> "RollToTrain":
        """Train to the last turn behind a progress bar. `moves`: commands, each with its turn; `resume`: a run or a save to go on with.

        Errors of the training are raised here; the run is then saved up to its last save point. Ctrl+C saves, and is raised too.
        """
        run = self._open(train_dataloader, eval_dataloader, resume, on_screen=False)
        inbox = ScriptedInbox(move for move in moves if move[0] > run.campaign.turn)
        session = PlainSession(run, inbox, progress_view(progress), SafeStream(sys.stderr))
        with _signals(inbox) as seen:
            session.play()
        if seen.number is not None:
            raise KeyboardInterrupt if seen.number == signal.SIGINT else SystemExit(seen.exit_code)
        if run.campaign.failure is not None:
            raise run.campaign.failure
        return self

    def play(
        self, train_dataloader: Iterable[Any], eval_dataloader: Iterable[Any] | None = None, *, resume: Path | str | None = None
    ) -> "RollToTrain":
        """The same run on screen: the game in this terminal, training in a thread. The run is saved when the player leaves.

        The class's abilities wait for the player's keys (`a` lets one trigger by itself).
        """
        from rolltrain_tui.integrations.screen import show

        show(self._open(train_dataloader, eval_dataloader, resume, on_screen=True))
        return self

    def _open(self, train: Iterable[Any], validation: Iterable[Any] | None, resume: Path | str | None, *, on_screen: bool) -> Run:
        config = self._config(train, on_screen)
        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        criterion = Criterion(self._loss, self._training_step, self.tokenizer, device)
        work = TrainingParts(
            model=self.model, optimizer=self.optimizer, scheduler=self.scheduler, criterion=criterion, tokenizer=self.tokenizer
        )
        campaign = Campaign(config, ModuleLearner(config, work, train, validation))
        path = Path(resume) if resume is not None else self._checkpoint
        if path is None:
            self.run = Run.create(campaign, base=Path.cwd(), runs=self.runs)
        else:
            saved = SavedRun.read(path)
            self.run = Run.restore(saved, saved.load_into(campaign))
        return self.run

    def _config(self, train: Iterable[Any], on_screen: bool) -> ModuleConfig:
        size, steps = _length(train), self.terms.accumulation_steps
        if size is None and self._turns is None:
            raise ValueError("the training data loader does not know its length; say how long to train with turns=NUMBER")
        if size == 0:
            raise ValueError("the training data loader is empty; give it at least one batch")
        epoch = -(-size // steps) if size is not None else self._turns or 1
        turns = self._turns or epoch * self.terms.num_epochs
        every = self._evaluate_every or min(epoch, turns)
        twin = self._twin or ("on_use" if on_screen else "off")
        length = {"turns": turns, "camp_every": max(epoch, FEWEST_BETWEEN_CAMPS), "evaluate_every": every}
        table = self.terms.table(name=self.name, twin=twin, by_themselves=not on_screen, **length)
        trained = {
            "model": type(self.model).__name__,
            "optimizer": type(self.optimizer).__name__,
            "scheduler": None if self.scheduler is None else type(self.scheduler).__name__,
            "clip": self._clip,
            "dtype": self._dtype,
            "accumulation": steps,
            "epoch": epoch,
            "scheduler_every": self._scheduler_every,
        }
        return ModuleConfig.model_validate({**table, "kind": "module", "trained": trained})

    # Further methods of the original.

    def evaluate(self, eval_dataloader: Iterable[Any]) -> float:
        """The mean loss on a loader. The model is left as it was."""
        from rolltrain_tui.modes.module.batches import each

        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        criterion = Criterion(self._loss, self._training_step, self.tokenizer, device)
        was = self.model.training
        self.model.eval()
        try:
            with torch.no_grad():
                losses = [criterion(self.model, criterion.ready(raw))[0].item() for raw in each(eval_dataloader, self.terms.seed)]
        finally:
            self.model.train(was)
        if not losses:
            raise ValueError("the evaluation data loader is empty; give it at least one batch")
        return sum(losses) / len(losses)

    def save_checkpoint(self, name: str = "checkpoint") -> Path:
        """Save the run under a name: weights, moments, schedule, place in the data, hero, charges, dice. The save's folder."""
        return self._run.save(name)

    def load_checkpoint(self, path: Path | str) -> None:
        """Go on from this run or save at the next `train` or `play`. SaveError when there is none or it is damaged."""
        saves.read(Path(path))
        self._checkpoint = Path(path)

    @property
    def _run(self) -> Run:
        if self.run is None:
            raise ValueError("there is no run yet; call train or play first")
        return self.run

    @property
    def loss_history(self) -> list[float]:
        """The raw training loss of every turn."""
        return [event.loss for event in self._run.story if isinstance(event, StepTaken)]

    @property
    def rolled_loss_history(self) -> list[float]:
        """The raw loss times the measured k, turn by turn; times the k asked, 1, where the step was plain."""
        steps = [event for event in self._run.story if isinstance(event, StepTaken)]
        return [step.loss * (step.k_requested if step.k_effective is None else step.k_effective) for step in steps]

    @property
    def eval_loss_history(self) -> list[tuple[int, float]]:
        """(turn, validation loss) of every evaluation."""
        return [(event.turn, event.value) for event in self._run.story if isinstance(event, Evaluated)]

    def plot_loss(self, path: Path | str | None = None) -> Path:
        """A PNG with the three losses over the turns, beside the run unless a path is given. Needs matplotlib."""
        from rolltrain_tui.integrations.picture import draw_losses

        target = Path(path) if path is not None else self._run.folder / f"{self.terms.mode or 'per_turn'}_roll_to_train_loss.png"
        return draw_losses(self.loss_history, self.rolled_loss_history, self.eval_loss_history, target)


def check_parts(model: object, optimizer: object) -> None:
    """TypeError where the two are not a model and an optimiser; ValueError where the game cannot act on them."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, not a {type(model).__name__}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer, not a {type(optimizer).__name__}")
    if isinstance(optimizer, LBFGS):
        raise ValueError("LBFGS takes several steps in one, from a closure of its own; a turn needs an optimiser that takes one")
    own: set[Tensor] = set(model.parameters())
    held = [p for group in optimizer.param_groups for p in group["params"]]
    if not held or not all(p in own for p in held):
        raise ValueError("the optimizer holds parameters that are not the model's; make it from model.parameters()")
    if not any(p.requires_grad for p in held):
        raise ValueError("all of the optimizer's parameters are frozen; nothing would be learned")


def _length(loader: Iterable[Any]) -> int | None:
    try:
        return len(loader)  # type: ignore[arg-type]
    except (TypeError, NotImplementedError):
        return None


def _signals(inbox: Inbox) -> Any:
    """Ctrl+C saves first. Python lets only the main thread handle signals."""
    return caught(inbox.stop) if threading.current_thread() is threading.main_thread() else nullcontext(Caught())
