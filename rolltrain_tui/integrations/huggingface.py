"""The game on a Hugging Face Trainer: `Trainer(..., callbacks=[RollToTrainCallback(character_class=Wizard())])`.

Loss, clipping, accumulation, mixed precision, schedule and data stay the Trainer's. The game's state lies in each of its checkpoints, and
training resumed from one goes on with the same dice, hero and monsters.
"""

from pathlib import Path
from typing import Any, Unpack

from rolltrain_tui.integrations.begin import begin_session, foreign_terms
from rolltrain_tui.integrations.checkpoints import stow, unpack_into
from rolltrain_tui.integrations.hf_trainer import TrainerLoss, calling_trainer, guard, resumed_from
from rolltrain_tui.integrations.metrics import Expected, objective_of, same_measure
from rolltrain_tui.integrations.session import Session
from rolltrain_tui.integrations.talk import Once, Say, aloud, teller
from rolltrain_tui.integrations.terms import GameKeywords, takes_terms
from rolltrain_tui.protocol.commands import Command

try:
    from transformers import TrainerCallback
    from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
except ImportError as error:
    raise ImportError("the Hugging Face callback needs transformers and accelerate: pip install 'rolltrain-tui[hf]'") from error


class RollToTrainCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Every optimiser step of the Trainer is a turn, whatever it accumulates. The other parameters are those of `session`.

    `tell` is called with each sentence of the story (None: nothing is said). The chronicle is in OUTPUT_DIR/rolltrain. `resume_from`:
    the checkpoint whose game goes on, where that is not the one that training resumes from. The number that the game follows is the
    Trainer's `metric_for_best_model`, in the direction of `greater_is_better`; without one, its evaluation loss.
    """

    @takes_terms
    def __init__(
        self,
        *,
        camp_every: int = 250,
        name: str | None = None,
        tell: Say | None = aloud,
        resume_from: Path | str | None = None,
        **terms: Unpack[GameKeywords],
    ) -> None:
        self._terms = foreign_terms(**terms)
        self.game: Session | None = None
        """The session, while training goes on and after it. Copies of the callback leave it out."""
        self._camp_every, self._tell, self._name = camp_every, tell, name
        self._resume_from = Path(resume_from) if resume_from is not None else None
        self._waiting: list[Command] = []
        self._loss: TrainerLoss | None = None
        self._expected = Expected("eval_loss")
        self._once = Once()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "game": None, "_loss": None}

    def put(self, command: Command) -> None:
        """Queue a command for the next turn that begins. From any thread."""
        if self.game is None:
            self._waiting.append(command)
        else:
            self.game.put(command)

    # The Trainer's hooks.

    def on_init_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if (trainer := calling_trainer(self)) is not None:
            guard(trainer, self)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.interrupted()  # a run before this one may have ended in an exception
        if self.game is not None and self.game.turn_number and not state.global_step:
            self._once.warn(
                "again",
                f"a new game begins from turn 0, and the last one is over after turn {self.game.turn_number}; "
                "to go on with a game, resume from a checkpoint",
            )
        trainer = calling_trainer(self)
        optimizer = kwargs.get("optimizer") or getattr(trainer, "optimizer", None)
        game = self._begin(args, state, kwargs["model"], optimizer, done=0)
        if state.global_step:
            try:
                unpack_into(game, self._resume_from or resumed_from() or _checkpoint(args, state))
                same_measure(game.objective, self._objective)
            except ValueError as error:
                if self._resume_from is not None:
                    raise
                game.close()
                self._once.warn("resume", f"{error} A new game begins at step {state.global_step}.")
                game = self._begin(args, state, kwargs["model"], optimizer, done=state.global_step)
        for command in self._waiting:
            game.put(command)
        self._waiting.clear()
        self._loss = TrainerLoss(trainer, self.interrupted) if trainer is not None else None
        self.game = game

    def _begin(self, args: Any, state: Any, model: Any, optimizer: Any, *, done: int) -> Session:
        game = begin_session(
            model,
            optimizer,
            self._terms,
            turns=max(1, state.max_steps - done) if state.max_steps else None,
            camp_every=self._camp_every,
            name=self._name,
            folder=Path(args.output_dir) / "rolltrain",
        )
        metric = args.metric_for_best_model or "loss"
        better = None if args.greater_is_better is None else "higher" if args.greater_is_better else "lower"
        self._objective = objective_of(metric, better)
        self._expected = Expected(metric if metric.startswith("eval_") else f"eval_{metric}")
        game.measure_by(self._objective)
        game.tell = teller(self._tell if game.ranks.first else None, self._objective)
        return game

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if (game := self._live) is not None:
            self._ask_for_the_metric()
            game.begin()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        loss = self._loss.take() if self._loss is not None else None
        if (game := self._live) is None or game.cycle.effect is None:  # a Trainer that does not say where its steps begin
            return
        if loss is None:
            self._once.warn("loss", "the Trainer computes its loss elsewhere than in training_step; the game goes on without it")
        game.end(loss)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float] | None = None, **kwargs: Any) -> None:
        if (game := self._live) is None:
            return
        if (value := (metrics or {}).get(self._expected.name)) is None:
            self._expected.miss(metrics or {})
        else:
            self._expected.heard = True
            game.evaluated(float(value))

    def _ask_for_the_metric(self) -> None:
        if words := self._expected.never_heard():
            self._once.warn("metric", f"{words}: name one with metric_for_best_model, or give the evaluation data labels")

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.game is None:
            return
        folder = _checkpoint(args, state)
        writes = self.game.ranks.first and folder.is_dir()
        if not writes and not self.game.grip.levers.sharded:
            return
        try:
            tensors = self.game.tensors()  # of shards, on every rank: they gather them
            if writes:
                stow(self.game, folder, tensors)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            self._once.warn("save", f"the game could not be saved into {folder}: {why}; the training goes on")

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._ask_for_the_metric()
        self._close(ended=True)

    def interrupted(self) -> None:
        """Training ended in an exception: give the optimiser and the Trainer back. The game stays, to be looked at."""
        self._close(ended=False)

    @property
    def _live(self) -> Session | None:
        """The game that is going on. A second one on the same optimiser closes the first."""
        return self.game if self.game is not None and self.game.underway else None

    def _close(self, *, ended: bool) -> None:
        if self._loss is not None:
            self._loss.close()
            self._loss = None
        if (game := self._live) is not None:
            game.close(ended=ended)


def _checkpoint(args: Any, state: Any) -> Path:
    return Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
