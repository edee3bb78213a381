"""The game on a Lightning Trainer: `Trainer(callbacks=[RollToTrainCallback(character_class=Wizard())])`.

Automatic optimisation with one optimiser. Loss, clipping, accumulation, precision, schedule and data stay the Trainer's. The game's state
is part of each of its checkpoints, and training resumed from one goes on with the same dice, hero and monsters.
"""

import math
from typing import Any, Literal, Unpack

import torch
from torch import Tensor

from rolltrain_tui.integrations.session.begin import foreign_terms
from rolltrain_tui.integrations.session.metrics import Expected, objective_of, same_measure
from rolltrain_tui.integrations.session.session import Session
from rolltrain_tui.integrations.session.talk import Say, aloud
from rolltrain_tui.integrations.terms.terms import GameKeywords, takes_terms
from rolltrain_tui.integrations.trainer_callback import TrainerGame
from rolltrain_tui.runs.saves.store import dump_state, load_state

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as error:
    raise ImportError("the Lightning callback needs lightning: pip install 'rolltrain-tui[lightning]'") from error

REMEDY = "name one with monitor=, or log it in validation_step"


class RollToTrainCallback(TrainerGame, Callback):  # type: ignore[misc, unused-ignore]
    """Every optimiser step of the Trainer is a turn, whatever it accumulates. The other parameters are those of `session`.

    `tell` is called with each sentence of the story (None: nothing is said). `monitor` names the number to follow among the logged metrics,
    and `mode` ("min", "max") says which way it improves; a loss needs no mode. The chronicle is in ROOT/rolltrain, with ROOT the
    Trainer's default_root_dir.
    """

    @takes_terms
    def __init__(
        self,
        *,
        camp_every: int = 250,
        name: str | None = None,
        tell: Say | None = aloud,
        monitor: str = "val_loss",
        mode: Literal["min", "max"] | None = None,
        **terms: Unpack[GameKeywords],
    ) -> None:
        self._prepare(foreign_terms(**terms), camp_every, name, tell)
        self._objective, self._expected = objective_of(monitor, mode), Expected(monitor)
        self._losses: list[Tensor] = []
        self._saved: dict[str, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "game": None, "_losses": []}

    # The Trainer's hooks.

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not pl_module.automatic_optimization or len(trainer.optimizers) != 1:
            raise ValueError("the game needs automatic optimisation with one optimiser; use rolltrain_tui.session in a loop of your own")
        if type(trainer.optimizers[0]).__name__ == "_MockOptimizer":  # Lightning's own, where the module configures none
            raise ValueError("configure_optimizers returns no optimizer, so nothing would be learned; return one, such as AdamW")
        self._close()  # a run before this one may have been broken off
        if self.game is not None and self.game.turn_number and not self._saved:
            self._warn_of_the_last()
        elif trainer.global_step and not self._saved:
            self._once.warn("resume", f"the checkpoint holds no game to go on with. A new game begins at step {trainer.global_step}.")
        self._losses.clear()
        game = self._begin(trainer, pl_module, done=0 if self._saved else trainer.global_step)
        if saved := self._saved:
            self._saved = {}
            try:
                game.load_state(load_state(saved["state"].encode("ascii")), saved["tensors"])
                same_measure(game.objective, self._objective)
            except (ValueError, KeyError, AttributeError) as error:
                game.close()
                self._once.warn("resume", f"the checkpoint's game cannot go on: {error}. A new game begins at step {trainer.global_step}.")
                game = self._begin(trainer, pl_module, done=trainer.global_step)
        self._play(game)

    def _begin(self, trainer: Trainer, pl_module: LightningModule, *, done: int) -> Session:
        optimizer, steps = trainer.optimizers[0], trainer.estimated_stepping_batches
        turns = steps - done if 0 < steps < math.inf else None
        return self._session(pl_module, optimizer, turns=turns, root=trainer.default_root_dir)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if (game := self._live) is not None:
            self._ask_for_the_metric(REMEDY)
            game.begin()

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        if (game := self._live) is not None:
            game.hooks.look()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        if (game := self._live) is None:
            return
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if isinstance(loss, Tensor):  # divided by the window's length, also where an epoch's last window is shorter
            self._losses.append(loss.detach().float().reshape(()) * trainer.accumulate_grad_batches)
        if game.hooks.looked:  # the last micro-batch of the step, whether the optimiser stepped or not
            game.end(self._take_loss())

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if (game := self._live) is not None and not trainer.sanity_checking:
            self._evaluated(game, trainer.callback_metrics)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if (game := self._live) is not None:
            self._ask_for_the_metric(REMEDY)
            game.close(ended=True)

    def _take_loss(self) -> float | None:
        """The mean loss of the window's micro-batches so far; None where the module gave none."""
        losses, self._losses = self._losses, []
        return torch.stack(losses).mean().item() if losses else None

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._break_off(self._take_loss())

    def _close(self) -> None:
        if (game := self._live) is not None:
            game.close()

    def state_dict(self) -> dict[str, Any]:
        """Text and tensors only, because Lightning may load checkpoints with weights_only."""
        if self.game is None:
            return self._saved
        try:
            return {"state": dump_state(self.game.record()).decode("ascii"), "tensors": self.game.tensors()}
        except (OSError, ValueError) as error:
            self._once.warn("save", f"the game could not be saved: {error}; the training goes on")
            return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._saved = state_dict
