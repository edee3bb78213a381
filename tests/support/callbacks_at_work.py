"""Other people's Trainers on one rank of two: python -m support.callbacks_at_work FOLDER lightning|huggingface whole|sharded.

Prints one JSON object. In step 7 one rank's loss is NaN; after the 12th step a new Trainer goes on from the checkpoint.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.integrations.session.session import Session
from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.training.tensors.shards import whole

STEPS, SICK = 12, 6
GAME: dict[str, Any] = {"character_class": "barbarian", "monsters": "off", "camp_every": 4}


def told(game: Session, words: list[str]) -> dict[str, Any]:
    steps = [event for event in game.events if isinstance(event, StepTaken)]
    return {
        "k": [(step.turn, step.k_requested, step.k_effective, step.finite) for step in steps],
        "weights": [whole(p).tolist() for p in game.model.parameters()],
        "sentences": len(words),
        "sharded": game.hooks.levers.sharded,
    }


def sick(loss: Tensor, step: int, rank: int) -> Tensor:
    return loss * torch.nan if (step, rank) == (SICK, 1) else loss


def lightning(folder: Path, sharded: bool) -> list[dict[str, Any]]:
    import lightning as library
    from lightning.pytorch.strategies import DDPStrategy, ModelParallelStrategy

    from rolltrain_tui.integrations.lightning import RollToTrainCallback

    class Points(library.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.net = nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 3))

        def configure_model(self) -> None:
            if sharded:
                from torch.distributed.fsdp import fully_shard

                fully_shard(self.net, mesh=self.device_mesh["data_parallel"])

        def training_step(self, batch: Any, index: int) -> Tensor:
            return sick(nn.functional.cross_entropy(self.net(batch[0]), batch[1]), self.global_step, self.global_rank)

        def validation_step(self, batch: Any, index: int) -> None:
            self.log("val_loss", nn.functional.cross_entropy(self.net(batch[0]), batch[1]), sync_dist=True)

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=1e-2)

    def trainer(steps: int, callback: Any) -> Any:
        shards = ModelParallelStrategy(data_parallel_size=2, tensor_parallel_size=1, save_distributed_checkpoint=False)
        quiet = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
        strategy = shards if sharded else DDPStrategy()
        return library.Trainer(
            accelerator="cpu", devices=2, strategy=strategy, max_steps=steps, callbacks=[callback], default_root_dir=folder, **quiet
        )

    draw = torch.Generator().manual_seed(3)
    points = torch.utils.data.TensorDataset(torch.randn(64, 7, generator=draw), torch.randint(3, (64,), generator=draw))
    loader, found = torch.utils.data.DataLoader(points, batch_size=4), []
    for end in (STEPS, STEPS + 2):
        words: list[str] = []
        callback = RollToTrainCallback(**GAME, tell=words.append)
        work = trainer(end, callback)
        if work.global_rank == 0:
            callback.put(UseAbility("rage"))
        work.fit(Points(), loader, loader, ckpt_path=folder / "last.ckpt" if found else None)
        assert callback.game is not None
        found.append(told(callback.game, words))
        work.save_checkpoint(folder / "last.ckpt")
    return found


def huggingface(folder: Path, sharded: bool) -> list[dict[str, Any]]:
    import transformers

    from rolltrain_tui.integrations.huggingface import RollToTrainCallback

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if sharded:
        _shard_without_accelerator()

    class Lines(torch.utils.data.Dataset[dict[str, Tensor]]):
        ids = torch.randint(2, 65, (64, 12), generator=torch.Generator().manual_seed(1))

        def __len__(self) -> int:
            return len(self.ids)

        def __getitem__(self, i: int) -> dict[str, Tensor]:
            return {"input_ids": self.ids[i], "labels": self.ids[i]}

    class Sick(transformers.Trainer):
        def compute_loss(self, *given: Any, **more: Any) -> Any:
            loss = super().compute_loss(*given, **more)
            return sick(loss, self.state.global_step, self.args.process_index) if self.model.training else loss

    shards = {"fsdp": "full_shard", "fsdp_config": {"version": 2, "transformer_layer_cls_to_wrap": ["GPT2Block"]}} if sharded else {}
    size = transformers.GPT2Config(vocab_size=65, n_positions=16, n_embd=16, n_layer=2, n_head=2)
    found: list[dict[str, Any]] = []
    for end in (STEPS,) if sharded else (STEPS, STEPS + 2):  # the Trainer's own save of shards is not possible with gloo
        words: list[str] = []
        args = transformers.TrainingArguments(
            output_dir=str(folder), use_cpu=True, max_steps=end, per_device_train_batch_size=4, learning_rate=1e-2, report_to=[], seed=1,
            disable_tqdm=True, logging_strategy="no", eval_strategy="steps", eval_steps=4, save_strategy="no" if sharded else "steps",
            save_steps=STEPS, **shards,
        )  # fmt: skip
        callback = RollToTrainCallback(**GAME, tell=words.append)
        torch.manual_seed(0)
        data = Lines()
        work = Sick(model=transformers.GPT2LMHeadModel(size), args=args, train_dataset=data, eval_dataset=data, callbacks=[callback])
        if args.process_index == 0:
            callback.put(UseAbility("rage"))
        work.train(resume_from_checkpoint=str(folder / f"checkpoint-{STEPS}") if found else None)
        assert callback.game is not None
        found.append(told(callback.game, words))
    return found


def _shard_without_accelerator() -> None:
    """accelerate takes FSDP on accelerators only; make it do on CPUs what it does there."""
    import transformers.trainer as module
    from accelerate.utils import DistributedType

    class OnCPU(module.Accelerator):  # type: ignore[misc]
        def __init__(self, *given: Any, fsdp_plugin: Any = None, **more: Any) -> None:
            super().__init__(*given, fsdp_plugin=fsdp_plugin, **more)
            self.state.distributed_type, self.state.fsdp_plugin = DistributedType.FSDP, fsdp_plugin

    module.Accelerator = OnCPU


if __name__ == "__main__":
    torch.set_num_threads(1)
    trainers = {"lightning": lightning, "huggingface": huggingface}
    print("\n" + json.dumps(trainers[sys.argv[2]](Path(sys.argv[1]), sys.argv[3] == "sharded")))
