"""Next-token training of a GPT on a text, read from top to bottom.

The learner's parts, the gradient of a batch, evaluation, examination, its voice, and what it keeps of its own. The turn itself, with
undo, levers, memory and report, is `training.levered_learner`.

Shapes: B sequences, T = context, V = vocabulary, n windows of a fixed set.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Self

import torch
from torch import Tensor

from rolltrain_tui.modes.text import diagnosis
from rolltrain_tui.modes.text.config import TextConfig
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.gpt import GPT, GPTConfig, mean_loss, token_losses
from rolltrain_tui.modes.text.written_out import WrittenOut, can_be_written_out
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepReport
from rolltrain_tui.training.batch_gradient import BatchGradient, GradientSum, drop_worst, micro_batches
from rolltrain_tui.training.diagnosis import examine, has_temperature, temperature
from rolltrain_tui.training.levers.noise import replace_targets
from rolltrain_tui.training.machine.machine import pick_device, pick_threads
from rolltrain_tui.training.machine.ranks import ALONE, Ranks
from rolltrain_tui.training.machine.split_batch import SplitBatch, add_to_grad
from rolltrain_tui.training.optimizers.prescribed import prescribed
from rolltrain_tui.training.state.snapshots import LearnerStateError
from rolltrain_tui.training.state.streams import Streams, deterministic_kernels, random_stream
from rolltrain_tui.training.tensors.shards import whole
from rolltrain_tui.training.tensors.update_buffers import lay_side_by_side
from rolltrain_tui.training.writing_learner import WritingLearner

EVALUATION_TOKENS = 2048
"""Tokens per forward pass of an evaluation: fewer make more calls, more leave the cache (measured: 8 % slower in fp32 at 384 and 4096)."""

STREAMS = ("data", "target_noise", "weight_noise", "sample")
"""One random generator for each purpose, so that a lever that draws numbers does not change which windows are read next."""


class TextLearner(WritingLearner):
    """A GPT that learns to predict the next character of a corpus.

    Sets the number of torch threads of the process.
    """

    kind = "supervised"
    phases = ("data", "forward", "backward", "both halves")
    config: TextConfig
    model: GPT

    def __init__(self, config: TextConfig, corpus: Corpus, ranks: Ranks = ALONE) -> None:
        self.corpus = corpus

        # The machine
        device = pick_device(config.device.device)
        self._compiled_on_cpu = config.device.compile and device.type == "cpu"

        # The model, from its own init stream. Its weights lie in one piece, so that a lever's pass over them is one call.
        model = GPT(GPTConfig.of(config.model, len(corpus.vocabulary)), random_stream(config.seed, "init")).to(device)
        if ranks.shards:
            ranks.cut(model, model.blocks)
        else:
            lay_side_by_side(list(model.parameters()))
        self._reads: GPT = model
        """What passes without a gradient go through (see `whole`)."""
        self._loss: Callable[[Tensor, Tensor], Tensor] = torch.compile(model.loss) if config.device.compile else model.loss

        # Threads. Two halves of a batch, each on half of the cores, are faster than one batch on all of them. But dropout draws from
        # one stream, in order, and a compiled graph has its own threads: there the batch stays whole.
        flops = config.batch.sequences * config.model.context * model.flops_per_token() / ranks.size
        self.threads = pick_threads(config.device.threads, flops, ranks.local)
        divisible = device.type == "cpu" and config.model.dropout == 0 and not config.device.compile and self.threads > 1
        divisible = divisible and not ranks.shards  # a forward pass gathers the weights, in one order on all ranks
        self._learning = list(model.parameters())
        self._halves = SplitBatch(self._learning, self.threads) if divisible else None
        if self._halves is None and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        self._written: WrittenOut | None = None

        # The data, one tensor each; those of a large text are a file, mapped into memory
        self._train, self._val = corpus.train.to(device), corpus.val.to(device)
        self._span = torch.arange(config.model.context + 1, device=device)  # (T + 1,)

        # The optimiser, its schedule, the streams, and the levers on all of them
        super().__init__(
            config,
            model=model,
            **prescribed(model, config),
            parameters=self._learning,
            layers=diagnosis.layers_of(model),
            streams=Streams(config.seed, STREAMS, device, dropout=config.model.dropout > 0),
            usual_amount=config.batch.sequences * config.batch.accumulation * config.model.context,
            objective=dataclasses.replace(config.objective, chance=math.log(len(corpus.vocabulary)), limit=corpus.floor),
            ranks=ranks,
        )

    def info(self) -> LearnerInfo:
        batch = self.config.batch
        tokens = batch.sequences * batch.accumulation * self.config.model.context
        return LearnerInfo(
            parameters=self.model.num_parameters(),
            model=f"{self.model.num_parameters():,} weights, {len(self.corpus.vocabulary)} tokens",
            objective=self.objective,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            threads=self.threads,
            tokens_per_turn=tokens,
            gflop_per_turn=tokens * self.model.flops_per_token() / 1e9,
            data_sha256=self.corpus.sha256,
            note=f"{self.corpus.note} {self.dtype_note}".strip(),
        )

    def step(self, effect: StepEffect) -> StepReport:
        if not self._compiled_on_cpu:
            return super().step(effect)
        with deterministic_kernels():  # a compiled embedding's gradient is summed by all threads, in any order unless asked not to
            return super().step(effect)

    # -----------------------------------------------------------------------------------------------------------------
    # The gradient of a batch

    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Read `factor` times the usual number of sequences, in micro-batches of the usual size and the rest in a smaller one.

        Every rank reads all of them, and descends on its own rows of each.
        """
        config = self.config.batch
        sizes = micro_batches(config.sequences, config.accumulation, factor, effect.micro_scales)

        batch = BatchGradient()
        kept = self._without_the_worst(sizes, effect.drop_worst, batch) if effect.drop_worst else None
        total = sum(sizes) if kept is None else sum(len(x) for x, _ in kept)
        sums, loss = GradientSum(self.levers.parameters, effect.micro_scales, len(sizes)), 0.0
        for j, size in enumerate(sizes):
            self.stop_if_asked()
            x, y = self._read(size) if kept is None else kept[j]  # each (size, T), less where sequences were dropped
            if not len(x):
                continue
            noisy = y
            if effect.target_noise:
                noisy, replaced = replace_targets(y, effect.target_noise, len(self.corpus.vocabulary), self.streams["target_noise"])
                batch.replaced += replaced
            batch.tokens += y.numel()
            mine = self.ranks.share(len(x))
            weight = (mine.stop - mine.start) / total  # micro-batches may differ in size: the mean is over sequences
            if weight or self.ranks.shards:
                share = (x, y) if noisy is y else (x, noisy, y)
                loss += self._descend(*(self._some(rows, mine) for rows in share), weight=weight).item() * weight
            sums.add(j)
        batch.plain = sums.finish()
        loss = self.add_shares(loss, batch.plain)
        batch.amount = batch.targets = batch.tokens
        if kept is None:
            batch.loss = loss
        return batch

    def gflop(self, batch: BatchGradient) -> float:
        return (batch.tokens + batch.scored / 3) * self.model.flops_per_token() / 1e9

    @torch.no_grad()
    def _without_the_worst(self, sizes: list[int], drop: int, batch: BatchGradient) -> list[tuple[Tensor, Tensor]]:
        """The batch's micro-batches without the `drop` sequences of highest loss. Ranking them reads all once more, without dropout."""
        micros, losses = [], []
        with self.at_rest():
            for size in sizes:
                self.stop_if_asked()
                micros.append(self._read(size))
                mine = self.ranks.share(size)
                own = self._sequence_losses(*(self._some(rows, mine) for rows in micros[-1]))[: mine.stop - mine.start]
                losses.append(self.ranks.whole(own, size))
        stays = drop_worst(torch.cat(losses), drop, batch)  # (B,)
        batch.scored = len(stays) * self.config.model.context
        return [(x[own], y[own]) for (x, y), own in zip(micros, torch.split(stays, sizes), strict=True)]

    def _some(self, rows: Tensor, mine: slice) -> Tensor:
        """This rank's rows. Where it has none, one that will not count: ranks with shards of the weights must all run each forward pass."""
        return rows[mine] if mine.start < mine.stop else rows[:1]

    def _read(self, sequences: int) -> tuple[Tensor, Tensor]:
        """`sequences` windows at random places of the training text, and the same one token on: each (B, T)."""
        with self._timed("data"):
            ix = torch.randint(len(self._train) - self.config.model.context, (sequences, 1), generator=self.streams["data"])  # (B, 1)
            window = self._train[ix.to(self.device) + self._span].long()  # (B, T + 1)
        return window[:, :-1], window[:, 1:]

    def _descend(self, *batch: Tensor, weight: float) -> Tensor:
        """Add weight x the gradient of the loss to `.grad`; the raw loss. `batch` is what `_losses` reads."""
        written = self._written_out() if len(batch) == 2 else None  # noisy targets have two losses
        if written is not None:
            written.read_weights()
        if self._halves is not None and len(batch[0]) > 1:
            with self._timed("both halves"):
                return self._halves.descend(self._gradient if written is None else written.gradient, batch, weight)
        if written is not None:
            with self._timed("forward"):
                raw_loss = written.forward(*batch)
            with self._timed("backward"):
                add_to_grad(self._learning, written.backward(weight))
        else:
            with self._timed("forward"):
                loss, raw_loss = self._losses(*batch)
            with self._timed("backward"):
                (loss if weight == 1 else loss * weight).backward()
        return raw_loss

    def _written_out(self) -> WrittenOut | None:
        """The passes written out, where they are; elsewhere autograd's."""
        if self.config.device.compile or self.ranks.shards or not can_be_written_out(self.model, self.dtype):
            return None
        if self._written is None or self._written.dtype != self.dtype:  # the dtype may be chosen after the learner was built
            self._written = WrittenOut(self.model, self.dtype)
        return self._written

    def _gradient(self, *batch: Tensor, weight: float) -> tuple[Tensor, list[Tensor]]:
        """The raw loss, and weight x the gradient of the loss, by autograd. Called by several threads at once."""
        loss, raw_loss = self._losses(*batch)
        return raw_loss, list(torch.autograd.grad(loss * weight, self._learning))

    def _losses(self, x: Tensor, targets: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The loss to descend, and the raw loss: where `targets` are noisy, that on the true y. All are (B, T).

        Called by several threads at once.
        """
        with self.autocast():
            if y is None:
                loss = self._loss(x, targets)
                return loss, loss.detach()
            logits = self.model(x)
            return mean_loss(logits, targets), mean_loss(logits.detach(), y)

    @contextmanager
    def whole(self) -> Iterator[GPT]:
        """A model with all weights, for passes that ranks take alone. Where weights are sharded it is a copy, gathered by all."""
        if not self.ranks.shards:
            yield self.model
            return
        full = GPT(self.model.config, torch.Generator())  # its first weights are replaced at once
        with torch.no_grad():
            for p, shard in zip(full.parameters(), self.model.parameters(), strict=True):
                p.data = whole(shard)
        full.train(self.model.training)
        self._reads = full
        try:
            yield full
        finally:
            self._reads = self.model

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation

    def evaluate(self, count: int) -> Evaluation:
        """Loss on the first `count` windows of the probe set: fixed places of the validation text (see probe_offsets)."""
        T = self.config.model.context
        ix = torch.tensor(probe_offsets(count, len(self._val) - T), device=self.device).unsqueeze(1)  # (n, 1)
        n = len(ix)
        chunks = torch.split(ix[self.ranks.share(n)], max(1, EVALUATION_TOKENS // T))
        with self.at_rest(), self.whole():
            if self._halves is None or len(chunks) < 2:
                losses = self._chunk_losses(*chunks)
            else:
                middle = (len(chunks) + 1) // 2
                losses = torch.cat(self._halves.both(self._chunk_losses, chunks[:middle], chunks[middle:]))
        losses = self.ranks.whole(losses, n)  # (n,)
        overlap = probe_overlap(n, len(self._val) - T, T) if self.config.data.overlap == "counted" else 1.0
        return Evaluation(
            value=losses.mean().item(),
            standard_error=losses.std().item() / math.sqrt(n) * math.sqrt(overlap) if n > 1 else math.inf,
            count=n,
            gflop=n * T * self.model.flops_per_token() / 3 / 1e9,  # the forward pass is a third of training
            values=tuple(losses.tolist()),
            overlap=overlap,
        )

    @torch.no_grad()
    def _chunk_losses(self, *chunks: Tensor) -> Tensor:
        """The loss of the windows that start at each of the places in `chunks`, (B, 1) each: (sum of B,)."""
        windows = (self._val[chunk + self._span].long() for chunk in chunks)  # (B, T + 1)
        return torch.cat([self._sequence_losses(window[:, :-1], window[:, 1:]) for window in windows])

    def _sequence_losses(self, x: Tensor, y: Tensor) -> Tensor:
        """The mean loss of each sequence, in nats per token: (B, T) -> (B,). Each rank computes its share, which may be empty."""
        if not len(x):
            return torch.zeros(0, device=self.device)
        with self.autocast():
            return token_losses(self._reads(x), y).mean(dim=1)

    # -----------------------------------------------------------------------------------------------------------------
    # Examination

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on a few fixed windows. Those that look back are NaN unless prepare named "examine"."""
        here: Sequence[float] = (evaluation.values or self.evaluate(diagnosis.PROBE).values)[: diagnosis.PROBE]
        train, val = self._windows(self._train, diagnosis.PROBE), self._windows(self._val, len(here))

        def losses(windows: Tensor) -> Tensor:
            return self._sequence_losses(windows[:, :-1], windows[:, 1:])

        def validation() -> list[float]:
            with self.whole():
                return losses(val).tolist()

        with self.at_rest():
            with self.whole() as model:
                probe = diagnosis.probe(model, train, losses)
            warmth = temperature(self.memory, here, validation)
        windows_read = diagnosis.cost(train, len(val) if has_temperature(self.memory) else 0)
        found = examine(
            self.memory,
            probe,
            value=evaluation.value,
            temperature=warmth,
            batch=self.config.batch.sequences * self.config.batch.accumulation,
            gflop=windows_read * self.config.model.context * self.model.flops_per_token() / 1e9,
        )
        told = self.ranks.of_first(list(found.values.values()))
        return dataclasses.replace(found, values=dict(zip(found.values, told, strict=True)))

    def _windows(self, text: Tensor, sequences: int) -> Tensor:
        """The first `sequences` fixed windows of a text: (n, T + 1)."""
        places = torch.tensor(probe_offsets(sequences, len(text) - self.config.model.context), device=self.device)
        return text[places.unsqueeze(1) + self._span].long()

    # -----------------------------------------------------------------------------------------------------------------
    # Its voice

    def sample(self, characters: int, *, temperature: float, top_k: int | None, prompt: str = "") -> str:
        """What the model writes after `prompt`, which is not repeated; an empty prompt is the start of a line."""
        start = self.corpus.encode(prompt or ("\n" if "\n" in self.corpus.vocabulary else self.corpus.vocabulary[0]))
        idx = torch.tensor([start], device=self.device)  # (1, T)
        with self.whole() as model:
            text = model.generate(idx, characters, temperature=temperature, top_k=top_k, generator=self.streams["sample"])
        return self.corpus.decode(text[0, len(start) :].tolist())

    # -----------------------------------------------------------------------------------------------------------------
    # Its own state, and copies

    def own_state(self) -> dict[str, Any]:
        """The data stream says all about the place in the text; the vocabulary says what the token ids mean."""
        return {"vocabulary": self.corpus.vocabulary}

    def check_own_state(self, state: Mapping[str, Any]) -> None:
        if state.get("vocabulary") != self.corpus.vocabulary:
            raise LearnerStateError("the saved state is of a model that reads other characters; did the text change?")

    def fork(self, corpus: Corpus | None = None) -> Self:
        """An independent copy that sees the same batches from here on. It shares the text, or reads another of the same vocabulary."""
        return self.copy_into(type(self)(self.config, corpus or self.corpus, self.ranks))


def probe_offsets(sequences: int, positions: int) -> list[int]:
    """Places in a text, spread evenly however many are taken: multiples of the golden ratio, modulo one.

    So the first n places of a larger probe set are the smaller set, and two evaluations can be compared window by window.
    """
    golden = 0x9E3779B97F4A7C15  # 2^64 / 1.618...
    return [((i * golden) % 2**64) * positions >> 64 for i in range(1, min(sequences, positions) + 1)]


@lru_cache(maxsize=64)
def probe_overlap(sequences: int, positions: int, length: int) -> float:
    """How often, on average, a token of the probe set is read by it: 1 where its windows of `length` tokens lie apart.

    With w_i reads of token i it is sum w_i^2 / sum w_i. The losses of tokens that are alike but independent have a mean whose variance
    is larger by this factor than if every token were read once (Kish, Survey Sampling, 1965: the effect of weights on the variance).
    """
    places = torch.tensor(sorted(probe_offsets(sequences, positions)))  # (n,)
    shared, behind = 0, 1
    while behind < len(places) and (common := (length - places[behind:] + places[:-behind]).clamp(min=0).sum().item()):
        shared, behind = shared + int(common), behind + 1
    return 1 + 2 * shared / (len(places) * length)
