"""The game on a Lightning Trainer: `Trainer(callbacks=[RollToTrainCallback(character_class=Wizard())])`.

Automatic optimisation with one optimiser. Loss, clipping, accumulation, precision, schedule and data stay the Trainer's. The game's state
is part of each of its checkpoints, and training resumed from one goes on with the same dice, hero and monsters.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rolltrain_tui.integrations import ranks
from rolltrain_tui.integrations.session import Session, session
from rolltrain_tui.integrations.talk import Say, aloud, teller
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.runs.saves.store import dump_state, load_state

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as error:
    raise ImportError("the Lightning callback needs lightning: pip install 'rolltrain-tui[lightning]'") from error


class RollToTrainCallback(Callback):  # type: ignore[misc, unused-ignore]
    """Every optimiser step of the Trainer is a turn. `terms` are those of `session`: character_class, intelligence, rulebook, monsters ...

    `tell` is called with each sentence of the story (None: nothing is said). `monitor` names the validation loss among the logged
    metrics. The chronicle is in ROOT/rolltrain, with ROOT the Trainer's default_root_dir.
    """

    def __init__(
        self, *, camp_every: int = 250, tell: Say | None = aloud, monitor: str = "val_loss", name: str | None = None, **terms: Any
    ) -> None:
        self.game: Session | None = None
        """The session, while training goes on and after it."""
        self._camp_every, self._tell, self._monitor, self._name, self._terms = camp_every, tell, monitor, name, terms
        self._losses: list[Tensor] = []
        self._saved: dict[str, Any] = {}
        self._waiting: list[Command] = []

    def put(self, command: Command) -> None:
        """Queue a command for the next turn that begins. From any thread."""
        if self.game is None:
            self._waiting.append(command)
        else:
            self.game.put(command)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not pl_module.automatic_optimization or len(trainer.optimizers) != 1:
            raise ValueError("the game needs automatic optimisation with one optimiser; use rolltrain_tui.session in a loop of your own")
        optimizer = trainer.optimizers[0]
        turns = int(trainer.estimated_stepping_batches) if trainer.estimated_stepping_batches != float("inf") else None
        self.game = session(
            pl_module,
            getattr(optimizer, "optimizer", optimizer),
            turns=turns if turns is not None and turns > 0 else None,
            camp_every=self._camp_every,
            name=self._name,
            folder=Path(trainer.default_root_dir) / "rolltrain",
            **self._terms,
        )
        self.game.tell = teller(self._tell if ranks.first() else None, self.game.config.objective)
        if self._saved:
            self.game.load_state(load_state(self._saved["state"].encode("ascii")), self._saved["tensors"])
            self._saved = {}
        for command in self._waiting:
            self.game.put(command)
        self._waiting.clear()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        assert self.game is not None
        self.game.begin()

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Any) -> None:
        assert self.game is not None
        self.game.grip.look()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        assert self.game is not None
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if isinstance(loss, Tensor):
            self._losses.append(loss.detach().float().reshape(()))  # its share of the accumulated batch's mean
        if self.game.grip.looked:  # the last micro-batch of the step, whether the optimiser stepped or not
            whole = torch.stack(self._losses).sum().item() if self._losses else float("nan")
            self._losses.clear()
            self.game.end(whole)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        loss = trainer.callback_metrics.get(self._monitor)
        if self.game is not None and self.game.underway and not trainer.sanity_checking and loss is not None:
            self.game.evaluated(float(loss))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert self.game is not None
        self.game.close(ended=True)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        if self.game is not None:
            self.game.close()

    def state_dict(self) -> dict[str, Any]:
        """Text and tensors only, because Lightning may load checkpoints with weights_only."""
        if self.game is None:
            return self._saved
        return {"state": dump_state(self.game.state_dict()).decode("ascii"), "tensors": self.game.tensors()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._saved = state_dict
