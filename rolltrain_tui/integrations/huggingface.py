"""The game on a Hugging Face Trainer: `Trainer(..., callbacks=[RollToTrainCallback(character_class=Wizard())])`.

Loss, clipping, accumulation, mixed precision, schedule and data stay the Trainer's. The game's state lies in each of its checkpoints, and
training resumed from one goes on with the same dice, hero and monsters.
"""

from pathlib import Path
from typing import Any, Unpack

from rolltrain_tui.integrations.hf_trainer import TrainerLoss, calling_trainer, guard, resumed_from
from rolltrain_tui.integrations.session.begin import foreign_terms
from rolltrain_tui.integrations.session.checkpoints import stow, unpack_into
from rolltrain_tui.integrations.session.metrics import Expected, objective_of, same_measure
from rolltrain_tui.integrations.session.session import Session
from rolltrain_tui.integrations.session.talk import Say, aloud
from rolltrain_tui.integrations.terms.terms import GameKeywords, takes_terms
from rolltrain_tui.integrations.trainer_callback import TrainerGame

try:
    from transformers import TrainerCallback
    from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
except ImportError as error:
    raise ImportError("the Hugging Face callback needs transformers and accelerate: pip install 'rolltrain-tui[hf]'") from error

REMEDY = "name one with metric_for_best_model, or give the evaluation data labels"


class RollToTrainCallback(TrainerGame, TrainerCallback):  # type: ignore[misc, unused-ignore]
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
        self._prepare(foreign_terms(**terms), camp_every, name, tell)
        self._resume_from = Path(resume_from) if resume_from is not None else None
        self._loss: TrainerLoss | None = None
        self._expected = Expected("eval_loss")

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "game": None, "_loss": None}

    # The Trainer's hooks.

    def on_init_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if (trainer := calling_trainer(self)) is not None:
            guard(trainer, self)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.interrupted()  # a run before this one may have ended in an exception
        if not state.global_step:
            self._warn_of_the_last()
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
        self._hear(trainer, game)

    def _hear(self, trainer: Any, game: Session) -> None:
        self._loss = TrainerLoss(trainer, self.interrupted) if trainer is not None else None
        self._play(game)

    def _begin(self, args: Any, state: Any, model: Any, optimizer: Any, *, done: int) -> Session:
        metric = args.metric_for_best_model or "loss"
        better = None if args.greater_is_better is None else "higher" if args.greater_is_better else "lower"
        self._objective = objective_of(metric, better)
        self._expected = Expected(metric if metric.startswith("eval_") else f"eval_{metric}")
        return self._session(model, optimizer, turns=state.max_steps - done if state.max_steps else None, root=args.output_dir)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.game is None:  # added while the Trainer trains
            self._once.warn("late", f"the callback joins a training under way: a new game begins at step {state.global_step}")
            trainer = calling_trainer(self)
            self._hear(trainer, self._begin(args, state, kwargs["model"], kwargs.get("optimizer"), done=state.global_step))
        if (game := self._live) is not None:
            self._ask_for_the_metric(REMEDY)
            game.begin()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        loss = self._loss.take() if self._loss is not None else None
        if (game := self._live) is None or game.cycle.effect is None:  # a Trainer that does not say where its steps begin
            return
        if loss is None:
            self._once.warn("loss", "the Trainer computes its loss elsewhere than in training_step; the game goes on without it")
        game.end(loss)

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float] | None = None, **kwargs: Any) -> None:
        if (game := self._live) is not None:
            self._evaluated(game, metrics or {})

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.game is None:
            return
        folder = _checkpoint(args, state)
        writes = self.game.ranks.first and folder.is_dir()
        if not writes and not self.game.hooks.levers.sharded:
            return
        try:
            tensors = self.game.tensors()  # of shards, on every rank: they gather them
            if writes:
                stow(self.game, folder, tensors)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            self._once.warn("save", f"the game could not be saved into {folder}: {why}; the training goes on")

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._ask_for_the_metric(REMEDY)
        self._close(ended=True)

    def interrupted(self) -> None:
        """Training ended in an exception: give the optimiser and the Trainer back. The game stays, to be looked at."""
        self._break_off(self._loss.take() if self._loss is not None else None)
        self._close(ended=False)

    def _close(self, *, ended: bool) -> None:
        if self._loss is not None:
            self._loss.close()
            self._loss = None
        if (game := self._live) is not None:
            game.close(ended=ended)


def _checkpoint(args: Any, state: Any) -> Path:
    return Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
