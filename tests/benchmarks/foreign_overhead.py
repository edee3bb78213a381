"""What the game costs a training loop that is not ours, on a model of GPT-2's small size (its shape only: nothing is downloaded).

    python tests/benchmarks/foreign_overhead.py --via huggingface          # or lightning, or plain (the three-line form)

Every other step is a turn of the game, the rest are the Trainer's alone, in one run on one model: the ratio of their median times, and its
spread over pairs of neighbouring steps. `--rulebook off` is neutral dice; `hero` (the default) scales most updates.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

SMALL = {"n_layer": 12, "n_head": 12, "n_embd": 768, "vocab_size": 50257}


class Clock:
    """Times of the steps, by whether the game was on: `now` is the wall clock, or the processor time that the program itself used."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self.times: dict[bool, list[float]] = {True: [], False: []}
        self.on = False
        self._now, self._began = now, 0.0

    def start(self) -> None:
        self._began = self._now()

    def stop(self) -> None:
        self.times[self.on].append(self._now() - self._began)


class Meter:
    """Time inside the game's own calls: less noisy than the difference of two steps, and blind to what it does to the cache."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.turns: list[float] = []
        self._now, self._deep, self._spent = now, 0, 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside, every session and its hooks."""
        from rolltrain_tui.integrations.session.session import Session
        from rolltrain_tui.training.levers.foreign_optimizer import OptimizerHooks

        calls = [
            (owner, name, getattr(owner, name))
            for owner, name in (
                (Session, "begin"),
                (Session, "end"),
                (OptimizerHooks, "_before"),
                (OptimizerHooks, "_after"),
                (OptimizerHooks, "look"),
            )
        ]
        for owner, name, call in calls:
            setattr(owner, name, self._timed(call, last=name == "end"))
        try:
            yield
        finally:
            for owner, name, call in calls:
                setattr(owner, name, call)

    def _timed(self, call: Callable[..., Any], *, last: bool) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._deep += 1
            began = self._now()
            try:
                return call(*args, **kwargs)
            finally:
                self._deep -= 1
                self._spent += self._now() - began if not self._deep else 0.0
                if last:
                    self.turns.append(self._spent)
                    self._spent = 0.0

        return timed


def report(clock: Clock, skip: int = 2) -> dict[str, float]:
    """Median ratio of game to plain steps over neighbouring pairs, its quartiles, and both medians in milliseconds."""
    on, off = clock.times[True][skip:], clock.times[False][skip:]
    ratios = sorted(a / b for a, b in zip(on, off, strict=False))
    quarter = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    medians = statistics.median(on), statistics.median(off)
    return {
        "pairs": len(ratios),
        "ratio": statistics.median(ratios),
        "low": quarter[0],
        "high": quarter[2],
        "ratio_of_medians": medians[0] / medians[1],
        "game_ms": medians[0] * 1e3,
        "plain_ms": medians[1] * 1e3,
    }


def gpt2(size: dict[str, int], context: int) -> nn.Module:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(**size, n_positions=context, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0))  # type: ignore[no-any-return]


class Text(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    def __init__(self, n: int, context: int, vocabulary: int) -> None:
        self.ids = torch.randint(vocabulary, (n, context), generator=torch.Generator().manual_seed(1))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self.ids[i], "labels": self.ids[i]}


def plain(model: nn.Module, data: Text, sequences: int, steps: int, terms: dict[str, Any], clock: Clock) -> Clock:
    """The three-line form in a loop of one's own."""
    import rolltrain_tui

    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    game = rolltrain_tui.session(model, optimizer, **terms)
    loader = torch.utils.data.DataLoader(data, batch_size=sequences)
    for step, batch in zip(range(steps), loader, strict=False):
        clock.on = step % 2 == 0
        clock.start()
        loss = model(**batch).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        loss.item()  # as loops that log do
        if clock.on:
            with game.turn(loss):
                optimizer.step()
        else:  # the hooks do nothing outside of a turn
            optimizer.step()
        optimizer.zero_grad()
        clock.stop()
    return clock


def huggingface(model: nn.Module, data: Text, sequences: int, steps: int, terms: dict[str, Any], clock: Clock) -> Clock:
    """transformers.Trainer, its defaults, with the callback awake at every other step."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    from rolltrain_tui.integrations.huggingface import RollToTrainCallback

    class Begin(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            clock.on = state.global_step % 2 == 0
            clock.start()

    class End(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            clock.stop()

    class Game(RollToTrainCallback):
        def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
            if clock.on:
                super().on_step_begin(*args, **kwargs)

        def on_step_end(self, *args: Any, **kwargs: Any) -> None:
            if clock.on:
                super().on_step_end(*args, **kwargs)
            elif self._loss is not None:
                self._loss.take()

    with tempfile.TemporaryDirectory() as folder:
        args = TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=sequences,
            max_steps=steps,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
        )
        Trainer(model, args, train_dataset=data, callbacks=[Begin(), Game(tell=None, **terms), End()]).train()
    return clock


def lightning(model: nn.Module, data: Text, sequences: int, steps: int, terms: dict[str, Any], clock: Clock) -> Clock:
    """Lightning's Trainer with gradient clipping, with the callback awake at every other step."""
    import lightning as pl

    from rolltrain_tui.integrations.lightning import RollToTrainCallback

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            loss: torch.Tensor = self.model(**batch).loss
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=1e-4, fused=True)

    class Game(RollToTrainCallback):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
            clock.on = batch_idx % 2 == 0
            clock.start()
            if clock.on:
                super().on_train_batch_start(trainer, pl_module, batch, batch_idx)

        def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
            if clock.on:
                super().on_before_optimizer_step(trainer, pl_module, optimizer)

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
            if clock.on:
                super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
            else:
                outputs["loss"].item()
            clock.stop()

    with tempfile.TemporaryDirectory() as folder:
        trainer = pl.Trainer(
            max_steps=steps,
            gradient_clip_algorithm="norm",
            gradient_clip_val=None,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            accelerator="cpu",
            default_root_dir=folder,
            callbacks=[Game(tell=None, **terms)],
        )
        trainer.fit(Module(), torch.utils.data.DataLoader(data, batch_size=sequences))
    return clock


WAYS: dict[str, Callable[..., Clock]] = {"plain": plain, "huggingface": huggingface, "lightning": lightning}


def main(words: list[str]) -> dict[str, float]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--via", choices=WAYS, default="huggingface")
    parser.add_argument("--sequences", type=int, default=8, help="8 is the Hugging Face Trainer's own default")
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--steps", type=int, default=44)
    parser.add_argument("--rulebook", default="hero")
    parser.add_argument("--monsters", default="both")
    parser.add_argument("--layers", type=int, default=SMALL["n_layer"])
    parser.add_argument("--width", type=int, default=SMALL["n_embd"])
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: processor time, on a machine that is not quiet")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args(words)
    torch.set_num_threads(given.threads)
    size = {**SMALL, "n_layer": given.layers, "n_embd": given.width}
    model = gpt2(size, given.context)
    data = Text(given.sequences * given.steps, given.context, size["vocab_size"])
    now = time.process_time if given.clock == "cpu" else time.perf_counter
    clock, meter = Clock(now), Meter(now)
    terms = {"rulebook": given.rulebook, "monsters": given.monsters, "camp_every": 10**6}
    with meter.watching():
        found = report(WAYS[given.via](model, data, given.sequences, given.steps, terms, clock))
    found["own_ms"] = statistics.median(meter.turns[2:]) * 1e3
    weights = sum(p.numel() for p in model.parameters())
    setting = f"{given.sequences} x {given.context} tokens, rulebook {given.rulebook}, {given.threads} threads, {given.clock} clock"
    print(f"{given.via}, {weights:,} weights, {setting}:")
    spread = f"quartiles {found['low']:.4f} to {found['high']:.4f}, {found['pairs']} pairs"
    print(f"  a turn takes {found['ratio']:.4f} of a plain step ({spread});")
    print(f"  medians {found['game_ms']:.1f} ms and {found['plain_ms']:.1f} ms, their ratio {found['ratio_of_medians']:.4f}")
    print(f"  inside the game's own calls: {found['own_ms']:.1f} ms a turn, {found['own_ms'] / found['plain_ms']:.4f} of a plain step")
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
