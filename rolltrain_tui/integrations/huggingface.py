"""The game on a Hugging Face Trainer: `Trainer(..., callbacks=[RollToTrainCallback(character_class=Wizard())])`.

Loss, clipping, accumulation, mixed precision, schedule and data stay the Trainer's. The game's state lies in each of its checkpoints, and
training resumed from one goes on with the same dice, hero and monsters.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.integrations import ranks
from rolltrain_tui.integrations.checkpoints import stow, unpack_into
from rolltrain_tui.integrations.session import Session, session
from rolltrain_tui.integrations.talk import Say, aloud, teller
from rolltrain_tui.protocol.commands import Command

try:
    from transformers import TrainerCallback
    from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
except ImportError as error:
    raise ImportError("the Hugging Face callback needs transformers and accelerate: pip install 'rolltrain-tui[hf]'") from error


class Ear:
    """Collects the loss of every micro-batch from the model's output. It waits for the device only when the step is over."""

    def __init__(self, model: nn.Module) -> None:
        self._losses: list[Tensor] = []
        self._summed = False
        self._hook = model.register_forward_hook(self._hear, with_kwargs=True)

    def _hear(self, model: nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        if not model.training or not torch.is_grad_enabled():
            return
        loss = output.get("loss") if isinstance(output, dict) else output[0] if isinstance(output, tuple) and output else None
        if isinstance(loss, Tensor) and loss.numel() == 1:
            self._losses.append(loss.detach().float().reshape(()))
            self._summed = kwargs.get("num_items_in_batch") is not None  # then each is its share of the mean, and the sum is the mean

    def loss(self) -> float:
        """The mean over the micro-batches since the last call. ValueError when none was heard."""
        heard, self._losses = self._losses, []
        if not heard:
            raise ValueError(
                "the game cannot hear the loss: the model's output has none while training (label smoothing and compute_loss_func keep it "
                "to themselves); let the model compute it from its labels"
            )
        whole = torch.stack(heard).sum() if self._summed else torch.stack(heard).mean()
        return whole.item()

    def close(self) -> None:
        self._hook.remove()


class RollToTrainCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Every optimiser step of the Trainer is a turn. `terms` are those of `session`: character_class, intelligence, rulebook, monsters ...

    `tell` is called with each sentence of the story (None: nothing is said). The chronicle is in OUTPUT_DIR/rolltrain. `resume_from` is
    needed where training goes on from a checkpoint that is not OUTPUT_DIR/checkpoint-STEP.
    """

    def __init__(
        self,
        *,
        camp_every: int = 250,
        tell: Say | None = aloud,
        resume_from: Path | str | None = None,
        name: str | None = None,
        **terms: Any,
    ) -> None:
        self.game: Session | None = None
        """The session, while training goes on and after it."""
        self._camp_every, self._tell, self._terms, self._name = camp_every, tell, terms, name
        self._resume_from = Path(resume_from) if resume_from is not None else None
        self._waiting: list[Command] = []

    def put(self, command: Command) -> None:
        """Queue a command for the next turn that begins. From any thread."""
        if self.game is None:
            self._waiting.append(command)
        else:
            self.game.put(command)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        model, optimizer = kwargs["model"], kwargs["optimizer"]
        self.game = session(
            model,
            getattr(optimizer, "optimizer", optimizer),
            turns=state.max_steps or None,
            camp_every=self._camp_every,
            name=self._name,
            folder=Path(args.output_dir) / "rolltrain",
            **self._terms,
        )
        self.game.tell = teller(self._tell if ranks.first() else None, self.game.config.objective)
        if state.global_step:
            unpack_into(self.game, self._resume_from or _checkpoint(args, state))
        for command in self._waiting:
            self.game.put(command)
        self._waiting.clear()
        self._ear = Ear(model)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        assert self.game is not None
        self.game.begin()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        assert self.game is not None
        self.game.end(self._ear.loss())

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float] | None = None, **kwargs: Any) -> None:
        loss = (metrics or {}).get("eval_loss")
        if self.game is not None and self.game.underway and loss is not None:
            self.game.evaluated(loss)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.game is not None and ranks.first() and (folder := _checkpoint(args, state)).is_dir():
            stow(self.game, folder)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        assert self.game is not None
        self._ear.close()
        self.game.close(ended=True)


def _checkpoint(args: Any, state: Any) -> Path:
    return Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
