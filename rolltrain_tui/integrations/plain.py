"""RollToTrain: the game on any PyTorch model, with the interface of the original's quick start.

trainer = RollToTrain(model=model, optimizer=optimizer, scheduler=scheduler, intelligence=15,
                      character_class=Wizard(level=1), use_xp_system=True)
trainer.train(train_dataloader, eval_dataloader)      # a progress bar
trainer.play(train_dataloader, eval_dataloader)       # the game on screen
"""

import math
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn
from torch.optim import Optimizer

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.integrations.session.parts import EMPTY, check_parts, refuse_undone
from rolltrain_tui.integrations.terms.characters import Character
from rolltrain_tui.integrations.terms.keywords import NOT_GIVEN, check_call, either, exact_keywords, folder_of
from rolltrain_tui.integrations.terms.original import ExperienceSystem, MonsterEncounter
from rolltrain_tui.integrations.terms.terms import ALL, Monsters, Terms, at_least_one, one_of, title
from rolltrain_tui.modes.changes import as_begun, changes
from rolltrain_tui.modes.module.batches import length_of, read_once
from rolltrain_tui.modes.module.config import ModuleConfig
from rolltrain_tui.modes.module.criterion import Criterion, Loss, TrainingStep
from rolltrain_tui.modes.module.evaluation import evaluate_on
from rolltrain_tui.modes.module.learner import ModuleLearner, TrainingParts
from rolltrain_tui.modes.module.schedule import check_length, check_scheduler
from rolltrain_tui.modes.module.settings import difference, made_with
from rolltrain_tui.plain.run import PlainSession
from rolltrain_tui.plain.signals import Caught, caught
from rolltrain_tui.plain.views import SafeStream, progress_view
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.events import Evaluated, StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.rules.dice import Advantage, SeededDice, cast
from rolltrain_tui.rules.game import Game
from rolltrain_tui.rules.hero.levels import ability_modifier
from rolltrain_tui.rules.rulebooks import RULEBOOKS
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.open import SavedRun
from rolltrain_tui.runs.run import Run
from rolltrain_tui.training.levered_learner import at_rest
from rolltrain_tui.training.state.wrappers import plain_optimizer, plain_scheduler

FEWEST_BETWEEN_CAMPS = 200
"""Turns; a camp is a checkpoint of everything, and an epoch may be short."""


class RollToTrain:
    """A trainer whose every optimiser step is a turn of the game.

    The first parameters are the original's, with its defaults. TypeError and ValueError say which value is wrong.

    model, optimizer    a module, and any of PyTorch's optimisers over its weights, LBFGS aside.
    scheduler           or lr_scheduler: any of PyTorch's. One that hears the validation loss (ReduceLROnPlateau) steps after an evaluation.
    tokenizer           a Hugging Face one: batches {"text": [...], ...} are read through it, and the model can speak in the story.
    intelligence        1 to 20, the hero's: (intelligence - 10) // 2 is added to each roll.
    dc                  1 to 30: what a roll must reach to hit, on a d20; scaled to other dice.
    accumulation_steps  batches of a turn, whose gradients are averaged; None: 1, and 64 under rulebook "source". An epoch reads the loader
                        once, so its last turn may have fewer.
    num_epochs          None: 3.
    mode                None: one roll for each optimiser step (rulebook "source": as the original). "per_mini_batch": one roll for each
                        micro-batch, on its loss. "per_accumulation_step": one for each step.
    dice_type           "d4", "d6", "d8", "d10", "d12", "d20" or "d100".
    advantage           the better of two dice counts; disadvantage: the worse. At most one of them.
    character_class     Wizard(level=1), Wizard or "wizard"; None: no class, with a fighter's sheet.
    use_xp_system       False: the hero gains no XP. An ExperienceSystem tells the hero's level and XP.
    encounter_chance    of meeting a monster by chance, each turn.
    rulebook            "hero" trains about as well as no dice; "source" is the original's, which hardly trains; "off" rolls for show.
    monsters            "both" (by chance and by diagnosis), "diagnosed", "random", "off"; or monsters by name: [GradientOoze]. None: "off"
                        where encounter_chance is 0, else "both".
    loss                or loss_fn: called as loss(output, target), gives the mean loss as a tensor of shape (); None: the model's own.
    training_step       called as training_step(model, batch), gives the loss, or None to skip the batch; for every other form of batch.
    clip                or max_grad_norm: gradient-norm threshold of every step; None: no clipping.
    dtype               "bfloat16": matrix products in bf16 (autocast).
    scheduler_every     "turn" ("step"), or "epoch"; None: every turn, and under rulebook "source" every epoch.
    evaluate_every      turns between evaluations; None: an epoch.
    turns               or max_steps: goes before num_epochs, and is needed for a loader without a length.
    camp_every          turns between camps, which are save points; None: an epoch, and at least 200.
    twin                "on_use", "always" or "off"; None: "on_use" on screen, else "off" (a twin doubles the cost of a turn).
    seed                of dice, order of the data and dropout.
    deaths              True: a hero who falls returns the weights to the last camp. False: the hero never loses the last hit point.
    name                the run's, in its story and its folder; None: the model's class.
    runs                or output_dir: the folder for run folders; None: where `rolltrain` keeps its saves.
    """

    @exact_keywords
    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        scheduler: Any = None,
        tokenizer: Callable[..., Any] | None = None,
        intelligence: int = 10,
        dc: float = 15,
        accumulation_steps: int | None = None,
        mode: str | None = None,
        num_epochs: int | None = None,
        dice_type: str = "d20",
        advantage: bool = False,
        disadvantage: bool = False,
        character_class: Character | type[Character] | str | None = None,
        use_xp_system: bool | ExperienceSystem = True,
        encounter_chance: float = 0.1,
        *,
        lr_scheduler: Any = None,
        rulebook: str = "hero",
        monsters: Monsters = None,
        loss: Loss | None = None,
        loss_fn: Loss | None = None,
        training_step: TrainingStep | None = None,
        clip: float | None = 1.0,
        max_grad_norm: float | None = NOT_GIVEN,
        dtype: Literal["float32", "bfloat16"] = "float32",
        scheduler_every: Literal["epoch", "turn", "step"] | None = None,
        evaluate_every: int | None = None,
        turns: int | None = None,
        max_steps: int | None = None,
        camp_every: int | None = None,
        twin: Literal["on_use", "always", "off"] | None = None,
        seed: int = 0,
        deaths: bool = False,
        name: str | None = None,
        runs: Path | str | None = None,
        output_dir: Path | str | None = None,
    ) -> None:
        if isinstance(scheduler, Optimizer) and not isinstance(optimizer, Optimizer):
            raise TypeError(
                "the original's order is (model, tokenizer, optimizer, lr_scheduler), here it is (model, optimizer, scheduler, tokenizer): "
                "write RollToTrain(model=model, tokenizer=tokenizer, optimizer=optimizer, lr_scheduler=lr_scheduler)"
            )
        optimizer = plain_optimizer(optimizer)
        check_parts(model, optimizer)
        if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
            raise ValueError(f"the model has tensors on the meta device, {EMPTY}")
        given = locals()
        self.terms = Terms(**{f.name: given[f.name] for f in fields(Terms) if f.init})
        refuse_undone(optimizer, self.terms)
        self.model, self.optimizer, self.tokenizer = model, optimizer, tokenizer
        self.scheduler = plain_scheduler(either("scheduler", scheduler, "lr_scheduler", lr_scheduler))
        self.name = title(name, model)
        folder = either("runs", folder_of("runs", runs), "output_dir", folder_of("output_dir", output_dir))
        self.runs = folder if folder is not None else saves.saves_root(None)
        self.run: Run | None = None
        """The run, from the first `train` or `play` on."""
        self._loss, self._training_step = either("loss", loss, "loss_fn", loss_fn), training_step
        self._turns = either("turns", turns, "max_steps", max_steps)
        self._scheduler_every: str = scheduler_every or ("epoch" if rulebook == "source" else "turn")
        self._clip, self._dtype, self._evaluate_every, self._camp_every, self._twin = clip, dtype, evaluate_every, camp_every, twin
        if max_grad_norm is not NOT_GIVEN:
            if clip != 1.0:
                raise ValueError("clip and max_grad_norm are two names of one thing; give one of them")
            self._clip = max_grad_norm
        self._check()
        self._checkpoint: Path | None = None
        self._experience = use_xp_system if isinstance(use_xp_system, ExperienceSystem) else ExperienceSystem()
        self._experience.follow(self._game, self.terms.who.level if self.terms.who else 1)
        self._meetings = self.terms.meetings or MonsterEncounter(encounter_chance)
        self._meetings.follow(self._game)
        self._table_dice = SeededDice(seed)

    def _check(self) -> None:
        check_scheduler(self.scheduler, self.optimizer)
        for name, value in (("turns", self._turns), ("evaluate_every", self._evaluate_every), ("camp_every", self._camp_every)):
            if value is not None:
                at_least_one(name, value)
        one_of("scheduler_every", self._scheduler_every, ("epoch", "turn", "step"))
        one_of("twin", self._twin or "off", ("on_use", "always", "off"))
        one_of("dtype", self._dtype, ("float32", "bfloat16"))
        number = isinstance(self._clip, int | float) and not isinstance(self._clip, bool)
        if self._clip is not None and not (number and 0 < self._clip < math.inf):
            raise ValueError(f"clip (max_grad_norm) must be above 0, not {self._clip!r}; None means no clipping")
        for name, function, call in (
            ("loss", self._loss, ("output", "target")),
            ("training_step", self._training_step, ("model", "batch")),
        ):
            if function is not None:
                check_call(name, function, call)

    # Training.

    @exact_keywords
    def train(
        self,
        train_dataloader: Iterable[Any],
        eval_dataloader: Iterable[Any] | None = None,
        *,
        resume: Path | str | None = None,
        moves: Sequence[tuple[int, Command]] = (),
        progress: bool = True,
    ) -> "RollToTrain":
        """Train to the last turn behind a progress bar. `resume`: a run or a save to go on with.

        What is called depends on a batch's form, and its first dimension counts its examples:

            {"text": [...], "label": ...}  with `tokenizer`: model(**tokenizer(text), labels=label)
            a dict                         model(**batch); with `loss`: loss(model(**the rest), batch["labels"])
            (x, y)                         model(x, y); with `loss`: loss(model(x), y)
            a tensor                       model(x); with `loss`: loss(model(x), x)
            any other                      `training_step(model, batch)`

        `moves`: (turn, command), with commands of `rolltrain_tui.protocol.commands`: [(5, UseAbility("rage"))].

        A resumed run keeps the settings of optimiser and scheduler that it was saved with, and warns where they differ from this program's.

        Called again without `resume`, it begins a new run with the model, the optimiser and the scheduler as they stand, and warns of it.

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

    @exact_keywords
    def play(
        self, train_dataloader: Iterable[Any], eval_dataloader: Iterable[Any] | None = None, *, resume: Path | str | None = None
    ) -> "RollToTrain":
        """The same on screen: the game in this terminal, training in a thread. The run is saved when the player leaves.

        The class's abilities wait for the player's keys (`a` lets one trigger by itself).
        """
        from rolltrain_tui.integrations.screen import show

        show(self._open(train_dataloader, eval_dataloader, resume, on_screen=True))
        return self

    def _open(self, train: Iterable[Any], validation: Iterable[Any] | None, resume: Path | str | None, *, on_screen: bool) -> Run:
        config = self._config(train, on_screen)
        work = TrainingParts(
            model=self.model, optimizer=self.optimizer, scheduler=self.scheduler, criterion=self._criterion(), tokenizer=self.tokenizer
        )
        if resume is None and self._checkpoint is None:
            check_length(self.scheduler, config.turns // (config.trained.epoch if config.trained.scheduler_every == "epoch" else 1))
        path, self._checkpoint = Path(resume) if resume is not None else self._checkpoint, None
        if path is None:
            campaign = Campaign(config, ModuleLearner(config, work, train, validation))
            if self.run is not None:
                warnings.warn(
                    "a new run begins, with the model, the optimiser and the scheduler as the last one left them; "
                    f"to go on with that one, give resume={str(self.run.folder)!r}",
                    stacklevel=4,
                )
            self.run = Run.create(campaign, base=Path.cwd(), runs=self.runs)
        else:
            saved, here = SavedRun.read(path), made_with(self.optimizer, self.scheduler)
            config, hero = as_begun(before := saved.config(), config)
            campaign = saved.load_into(Campaign(config, ModuleLearner(config, work, train, validation)))
            self.run = Run.restore(saved, campaign) if saved.ended else Run.go_on(saved, campaign, changes(before, config))
            other = difference(here, made_with(self.optimizer, self.scheduler))
            if words := ", ".join(filter(None, (hero, other))):
                warnings.warn(f"the run goes on with what it was saved with: {words}; for other values, begin a new run", stacklevel=4)
            if saved.ended:
                warnings.warn(
                    f"the run in {self.run.folder} has ended, so nothing is trained; an earlier save of it goes on, and without resume "
                    "a new run begins",
                    stacklevel=4,
                )
        return self.run

    def _criterion(self) -> Criterion:
        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        return Criterion(self._loss, self._training_step, self.tokenizer, device, self.model)

    def _config(self, train: Iterable[Any], on_screen: bool) -> ModuleConfig:
        if not hasattr(train, "__iter__"):
            raise TypeError(f"train_dataloader must be a DataLoader or another iterable of batches, not a {type(train).__name__}")
        size, steps = length_of(train), self.terms.accumulation
        if size is None and self._turns is None:
            why = "can be read only once" if read_once(train) else "does not know its length"
            raise ValueError(f"the training data loader {why}; say how long to train with turns=NUMBER")
        if size == 0:
            raise ValueError("the training data loader is empty; give it at least one batch")
        if size is not None and steps > size:
            warnings.warn(
                f"accumulation_steps is {steps}, but an epoch has only {counted(size, 'batch', 'batches')}: "
                "each epoch is one optimiser step",
                stacklevel=5,
            )
        epoch = -(-size // steps) if size is not None else self._turns or 1
        turns = self._turns or epoch * self.terms.epochs
        table = self.terms.table(
            name=self.name,
            turns=turns,
            camp_every=self._camp_every or max(epoch, FEWEST_BETWEEN_CAMPS),
            evaluate_every=self._evaluate_every or min(epoch, turns),
            twin=self._twin or ("on_use" if on_screen else "off"),
            by_themselves=not on_screen,
        )
        trained = {
            "model": type(self.model).__name__,
            "optimizer": type(self.optimizer).__name__,
            "scheduler": None if self.scheduler is None else type(self.scheduler).__name__,
            "clip": self._clip,
            "dtype": self._dtype,
            "accumulation": steps,
            "epoch": epoch,
            "scheduler_every": "epoch" if self._scheduler_every == "epoch" else "turn",
        }
        return ModuleConfig.of(table, trained)

    # Further methods of the original.

    def evaluate(self, eval_dataloader: Iterable[Any]) -> float:
        """The mean loss over the examples of a loader, as the run's own evaluations compute it. The model is left as it was."""
        criterion = self._criterion()
        products = torch.autocast(criterion.device.type, torch.bfloat16) if self._dtype == "bfloat16" else nullcontext()
        with torch.no_grad(), at_rest(self.model, self.optimizer, criterion.device), products:
            return evaluate_on(criterion, self.model, eval_dataloader, self.terms.seed, ALL).value

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

    def _game(self) -> Game | None:
        return None if self.run is None else self.run.campaign.game

    @property
    def xp_system(self) -> ExperienceSystem:
        """The hero's level and experience, in the run and before it."""
        return self._experience

    @property
    def monster_encounter(self) -> MonsterEncounter:
        """The chance of a meeting, and the monster that is near."""
        return self._meetings

    @property
    def character_class(self) -> Character | None:
        """Who was given; None: nobody."""
        return self.terms.who

    @property
    def weight_update(self) -> str:
        """When dice are cast: "per_mini_batch" or "per_accumulation_step"."""
        book = RULEBOOKS[self.terms.rulebook]
        return self.terms.mode or ("per_mini_batch" if book.roll_on == "micro" else "per_accumulation_step")

    def roll_dice(self) -> int:
        """A roll of this trainer's die with its modifier, as each turn makes one. The run's own dice are not touched by it."""
        sides = int(self.terms.dice_type.removeprefix("d"))
        how: Advantage = "advantage" if self.terms.advantage else "disadvantage" if self.terms.disadvantage else "none"
        return cast(self._table_dice, sides, how)[1] + ability_modifier(int(self.terms.intelligence))

    def get_scale_factor(self, roll: int) -> float:
        """k for a total: the multiple of the plain update that this trainer's rulebook gives for it."""
        sides, modifier = int(self.terms.dice_type.removeprefix("d")), ability_modifier(int(self.terms.intelligence))
        level = self._experience.level
        return RULEBOOKS[self.terms.rulebook].judge(roll - modifier, modifier, int(self.terms.dc), sides, level)[1]

    @property
    def _loss_history(self) -> list[float]:
        return self.loss_history

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


def _signals(inbox: Inbox) -> Any:
    """Ctrl+C saves first. Python lets only the main thread handle signals."""
    return caught(inbox.stop) if threading.current_thread() is threading.main_thread() else nullcontext(Caught())
