"""Dice off and monsters off, in other people's Trainers: 200 turns to the bit as without the callback, whatever happens on the way."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from support.late import Late
from support.same_weights import same
from support.skipping import Skipping
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from rolltrain_tui.protocol.events import Evaluated, StepTaken

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # other people's warnings
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
lightning, transformers = Late("lightning"), Late("transformers")
TURNS = 200
OFF: dict[str, Any] = {"rulebook": "off", "monsters": "off", "tell": None, "camp_every": 50}


class Classifier(nn.Module):
    """Answers as Hugging Face's models do. Its body is frozen at first."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Dropout(0.1)), nn.Linear(32, 3)
        self.body.requires_grad_(False)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        logits = self.head(self.body(x))
        return {"logits": logits} if labels is None else {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


def noise(n: int, seed: int) -> TensorDataset:
    """Labels of pure chance: whatever is learned of them makes the validation worse."""
    g = torch.Generator().manual_seed(seed)
    return TensorDataset(torch.randn(n, 8, generator=g), torch.randint(0, 3, (n,), generator=g))


def rows(n: int, seed: int) -> list[dict[str, Tensor]]:
    return [{"x": x, "labels": y} for x, y in noise(n, seed)]


def rises(story: Any) -> None:
    """The story has its 200 turns, and a validation loss that rose."""
    values = [event.value for event in story if isinstance(event, Evaluated)]
    assert sum(isinstance(event, StepTaken) for event in story) == TURNS
    assert values[-1] > min(values) + 0.05


def test_hugging_face(tmp_path: Path) -> None:
    """While the validation loss rises, steps are skipped, and a group is added."""
    from rolltrain_tui.integrations.huggingface import RollToTrainCallback

    transformers.logging.set_verbosity_error()

    class Thaw(transformers.TrainerCallback):  # type: ignore[misc]
        """Unfreezes the body in step 60, as a group of its own."""

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 60:
                body, schedule = kwargs["model"].body.requires_grad_(True), kwargs["lr_scheduler"]
                kwargs["optimizer"].add_param_group({"params": list(body.parameters()), "lr": 3e-2, "initial_lr": 3e-2})
                schedule.base_lrs.append(3e-2)
                schedule.lr_lambdas.append(schedule.lr_lambdas[0])

    def train(*callbacks: Any) -> nn.Module:
        model = Classifier()
        optimizer = Skipping(model.head.parameters(), lr=3e-2)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
        args = transformers.TrainingArguments(
            output_dir=str(tmp_path),
            per_device_train_batch_size=4,
            max_steps=TURNS,
            eval_strategy="steps",
            eval_steps=20,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            logging_strategy="no",
            use_cpu=True,
            seed=1,
        )
        callbacks = (*callbacks, Thaw())
        transformers.Trainer(
            model, args, train_dataset=rows(24, 1), eval_dataset=rows(48, 2), callbacks=list(callbacks), optimizers=(optimizer, schedule)
        ).train()
        assert optimizer.calls == TURNS
        return model

    callback = RollToTrainCallback(**OFF)
    assert same(train(), train(callback))
    assert callback.game is not None
    rises(callback.game.events)


def test_lightning(tmp_path: Path) -> None:
    """While the validation loss rises, steps are skipped, and the backbone is unfrozen as a group of its own."""
    from lightning.pytorch.callbacks import BackboneFinetuning

    from rolltrain_tui.integrations.lightning import RollToTrainCallback

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            inner = Classifier()
            self.backbone, self.head = inner.body, inner.head
            self.skipped = 0

        def training_step(self, batch: Any, index: int) -> Tensor | None:
            if self.global_step and self.global_step % 17 == 0 and self.skipped < self.global_step:
                self.skipped = self.global_step
                return None
            return nn.functional.cross_entropy(self.head(self.backbone(batch[0])), batch[1])

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", nn.functional.cross_entropy(self.head(self.backbone(batch[0])), batch[1]))

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.head.parameters(), lr=3e-2)

    def train(*callbacks: Any) -> nn.Module:
        lightning.seed_everything(1, verbose=False)
        trainer = lightning.Trainer(
            max_steps=TURNS,
            default_root_dir=tmp_path,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            check_val_every_n_epoch=5,
            accelerator="cpu",
            callbacks=[*callbacks, BackboneFinetuning(unfreeze_backbone_at_epoch=10, backbone_initial_lr=3e-2)],
        )
        model = Module()
        trainer.fit(model, DataLoader(noise(24, 1), batch_size=4, shuffle=True), DataLoader(noise(48, 2), batch_size=48))
        return model

    callback = RollToTrainCallback(**OFF)
    assert same(train(), train(callback))
    assert callback.game is not None
    rises(callback.game.events)
