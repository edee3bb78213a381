"""Next-token training of a GPT, turn by turn under the rules' levers, read from top to bottom:

the learner's parts, one turn, its gradient, evaluation, its voice, and how it is kept and copied.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Self

import torch
from torch import Tensor

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes.text import diagnosis
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.gpt import GPT, GPTConfig, mean_loss, token_losses
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepAbandoned, StepReport
from rolltrain_tui.training.levers import Levers, StepMeasurement, add_weight_noise, lay_side_by_side, replace_targets
from rolltrain_tui.training.machine import pick_device, pick_dtype, pick_threads
from rolltrain_tui.training.schedules import TurnSchedule, build_optimizer
from rolltrain_tui.training.snapshots import LearnerStateError, fitting, weights_sha256
from rolltrain_tui.training.split_batch import SplitBatch
from rolltrain_tui.training.state_memory import TrainingMemory, acts_before_the_step, refuse_strangers
from rolltrain_tui.training.streams import deterministic_kernels, dropout_state, first_dropout_state, random_stream, set_dropout_state

EVALUATION_TOKENS = 2048
"""Per forward pass of an evaluation: fewer cost more calls, more leave the cache (measured: 8 % slower in fp32 at 384 and at 4096)."""

STREAMS = ("data", "target_noise", "weight_noise", "sample")
"""The random streams of a learner besides init and dropout; each has its own generator and is saved."""


@dataclass(slots=True)
class BatchGradient:
    """The gradient of one batch, left in `.grad`, and what was seen on the way."""

    loss: float = 0.0
    """Mean over the batch, raw."""
    tokens: int = 0
    replaced: int = 0
    """Targets replaced by noise."""
    plain: list[Tensor] | None = None
    """sum_j g_j / K where micro_scales put sum_j k_j g_j / K into `.grad`; else None."""
    scored: int = 0
    """Tokens that were read once more, forward only, to rank the sequences."""
    dropped: dict[str, float] = field(default_factory=dict)
    """What drop_worst measured."""


class TextLearner:
    """A GPT that learns to predict the next character of a corpus. Implements `Learner`.

    Sets the number of torch threads of the process. Shapes: B sequences, T = context, V = vocabulary.
    """

    def __init__(self, config: CampaignConfig, corpus: Corpus) -> None:
        self.config = config
        self.corpus = corpus
        self.should_stop: Callable[[], bool] = lambda: False

        # The machine
        self.device = pick_device(config.device.device)
        self.dtype = pick_dtype(config.device.dtype, self.device)

        # The model, from its own init stream
        self.model = GPT(
            GPTConfig(
                vocab_size=len(corpus.vocabulary),
                n_layer=config.model.n_layer,
                n_head=config.model.n_head,
                n_embd=config.model.n_embd,
                context=config.model.context,
                dropout=config.model.dropout,
                bias=config.model.bias,
                tie_weights=config.model.tie_weights,
            ),
            random_stream(config.seed, "init"),
        ).to(self.device)
        lay_side_by_side(list(self.model.parameters()))
        self._loss: Callable[[Tensor, Tensor], Tensor] = torch.compile(self.model.loss) if config.device.compile else self.model.loss
        self.threads = pick_threads(config.device.threads, config.batch.sequences * config.model.context * self.model.flops_per_token())
        # Dropout draws from one stream, in order, and a compiled graph has its own threads: then the batch stays whole.
        divisible = self.device.type == "cpu" and config.model.dropout == 0 and not config.device.compile and self.threads > 1
        self._halves = SplitBatch(list(self.model.parameters()), self.threads) if divisible else None
        if self._halves is None and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)

        # The optimiser, its schedule, and the levers on it
        self.optimizer = build_optimizer(self.model, config.optimizer)
        self.schedule = TurnSchedule(self.optimizer, config.turns, config.optimizer.learning_rate, config.schedule)
        self.levers = Levers(self.optimizer, self.model.parameters(), clip=config.optimizer.clip)

        # The data, in memory as one tensor each
        self._train, self._val = corpus.train.to(self.device), corpus.val.to(self.device)
        self._span = torch.arange(config.model.context + 1, device=self.device)  # (T + 1,)

        # The streams
        self._streams = {name: random_stream(config.seed, name) for name in STREAMS}
        self._dropout_state = first_dropout_state(config.seed, self.device) if config.model.dropout > 0 else None

        self._layers = diagnosis.layers_of(self.model)
        self.hindsight = TrainingMemory(self.model, self.levers, self.schedule, self._layers, config.evaluation.every)

    @property
    def turn(self) -> int:
        """Position in the schedule: turns taken, counting from the last rollback's."""
        return self.schedule.turn

    def prepare(self, levers: Collection[str]) -> None:
        """Told before the first turn which levers may be asked for, and whether to `examine`. What is not named costs nothing."""
        self.hindsight.prepare(levers)

    def remember(self, evaluation: Evaluation) -> None:
        self.hindsight.remember(evaluation)

    def info(self) -> LearnerInfo:
        batch = self.config.batch
        tokens = batch.sequences * batch.accumulation * self.config.model.context
        return LearnerInfo(
            parameters=self.model.num_parameters(),
            vocabulary=len(self.corpus.vocabulary),
            floor=self.corpus.floor,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            threads=self.threads,
            tokens_per_turn=tokens,
            gflop_per_turn=tokens * self.model.flops_per_token() / 1e9,
            text_sha256=self.corpus.sha256,
        )

    # -----------------------------------------------------------------------------------------------------------------
    # One turn

    def step(self, effect: StepEffect) -> StepReport:
        """One optimiser step, and `extra_steps` more on fresh batches; nothing that a neutral effect does not use is paid for.

        StepAbandoned, or any other exception, leaves weights, moments, schedule and streams where they were.
        """
        started = perf_counter()
        streams = {name: stream.get_state() for name, stream in self._streams.items()}
        mark = self.hindsight.mark(effect)
        try:
            with self._own_dropout(), self._repeatable():
                return self._step(effect, started)
        except BaseException:
            for name, state in streams.items():
                self._streams[name].set_state(state)
            self.hindsight.take_back(mark)
            raise

    def _step(self, effect: StepEffect, started: float) -> StepReport:
        measured: dict[str, float] = {}
        memory, spent = self.hindsight, 0.0
        if acts_before_the_step(effect):
            spent = memory.before_the_step(effect, measured, lambda: self.evaluate(self.config.evaluation.sequences))
        start = memory.capture() if effect.extra_steps else None
        here = memory.here()
        norms = tuple(self.levers.norms or ())
        lr = self.schedule.set_rate()

        batch = first = self._gather(effect, effect.batch_factor)
        tokens, replaced, scored = batch.tokens, batch.replaced, batch.scored
        motion = self.levers.step(effect, loss=batch.loss, plain=batch.plain)
        for _ in range(effect.extra_steps if motion.finite else 0):
            batch = self._gather(effect, effect.batch_factor * effect.extra_batch_factor)
            tokens, replaced, scored = tokens + batch.tokens, replaced + batch.replaced, scored + batch.scored
            motion = motion.beside(self.levers.step(effect, loss=batch.loss, plain=batch.plain))
            if not motion.finite:
                break

        if not motion.finite:
            motion = StepMeasurement(grad_norm=motion.grad_norm, finite=False, optimizer_steps=0)
            if start is not None:  # it may have been an extra step that failed: the ones before it are taken back
                memory.restore(start)
            memory.forget_norms_since(norms)
        move = memory.move(here) if motion.finite else None
        if motion.finite and effect.weight_noise:
            measured["weight_noise"] = add_weight_noise(self.levers.parameters, effect.weight_noise, self._streams["weight_noise"])
        self.schedule.turn += 1
        memory.after_the_step(move, finite=motion.finite)

        measured |= motion.levers
        measured |= first.dropped
        if effect.target_noise:
            measured["target_noise"] = replaced / tokens
        if effect.batch_factor != 1:
            measured["batch_factor"] = first.tokens / self.info().tokens_per_turn
        if effect.extra_steps:
            measured["extra_steps"] = max(0, motion.optimizer_steps - 1)
            if effect.extra_batch_factor != 1 and batch is not first:
                measured["extra_batch_factor"] = batch.tokens / first.tokens
        if motion.clipped_norm is not None and self.config.optimizer.clip is not None:
            measured["clip_factor"] = motion.clipped_norm / self.config.optimizer.clip
        return StepReport(
            loss=first.loss,
            grad_norm=motion.grad_norm,
            lr=lr,
            proposed_norm=motion.proposed_norm,
            applied_norm=motion.applied_norm,
            k_requested=effect.k_requested,
            k_effective=motion.k_effective,
            weight_norm=self._weight_norm() if effect.weight_noise else None,
            tokens=tokens,
            gflop=(tokens + scored / 3) * self.model.flops_per_token() / 1e9 + spent,  # a forward pass is a third of training
            seconds=perf_counter() - started,
            finite=motion.finite,
            optimizer_steps=motion.optimizer_steps,
            measured=measured,
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Its gradient

    def _gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Read one batch, `factor` times the usual size, and leave its mean gradient in `.grad`. StepAbandoned between micro-batches."""
        config = self.config.batch
        sequences = max(1, round(config.sequences * config.accumulation * factor))
        sizes = [config.sequences] * (sequences // config.sequences)
        if sequences % config.sequences:
            sizes.append(sequences % config.sequences)
        scales = effect.micro_scales
        assert not scales or len(scales) == config.accumulation, f"{len(scales)} micro_scales for {config.accumulation} micro-batches"

        batch = BatchGradient()
        sums: tuple[list[Tensor], list[Tensor]] | None = None  # sum_j g_j / K and sum_j k_j g_j / K, where they differ
        kept = self._without_the_worst(sizes, effect.drop_worst, batch) if effect.drop_worst else None
        whole_loss = batch.loss
        for j, size in enumerate(sizes):
            if self.should_stop():
                raise StepAbandoned
            x, y = self._read(size) if kept is None else kept[j]  # each (size, T), less where sequences were dropped
            if not len(x):
                continue
            weight = len(x) / sequences if kept is None else len(x) / sum(len(x) for x, _ in kept)
            noisy = y
            if effect.target_noise:
                noisy, replaced = replace_targets(y, effect.target_noise, len(self.corpus.vocabulary), self._streams["target_noise"])
                batch.replaced += replaced
            batch.loss += self._descend(x, noisy, y, weight).item() * weight
            batch.tokens += y.numel()
            if any(scale != 1 for scale in scales):
                # With another batch size the rolls keep their share of the batch: micro-batch j has the roll at its place.
                sums = self._add_scaled(sums, scales[j * len(scales) // len(sizes)])
        if kept is not None:
            batch.loss = whole_loss  # of the whole batch, as every turn's
        if sums is not None:
            batch.plain, scaled = sums
            for p, grad in zip(self.levers.parameters, scaled, strict=True):
                p.grad = grad
        return batch

    @torch.no_grad()
    def _without_the_worst(self, sizes: list[int], drop: int, batch: BatchGradient) -> list[tuple[Tensor, Tensor]]:
        """The batch's micro-batches without the `drop` sequences of highest loss (one at least stays); all are read once more for that."""
        micros, losses = [], []
        self.model.eval()  # ranked without dropout, whose stream is the gradient's
        for size in sizes:
            if self.should_stop():
                self.model.train()
                raise StepAbandoned
            x, y = self._read(size)
            with self._autocast():
                losses.append(token_losses(self.model(x), y).mean(dim=1))
            micros.append((x, y))
        self.model.train()
        per_sequence = torch.cat(losses)  # (B,)
        worst = per_sequence.topk(min(drop, len(per_sequence) - 1)).indices
        stays = torch.ones_like(per_sequence, dtype=torch.bool)
        stays[worst] = False
        batch.loss, batch.scored = per_sequence.mean().item(), per_sequence.numel() * self.config.model.context
        batch.dropped = {"drop_worst": float(len(worst)), "drop_worst.kept": per_sequence[stays].mean().item()}
        if len(worst):
            batch.dropped["drop_worst.dropped"] = per_sequence[worst].mean().item()
            batch.dropped |= {f"drop_worst.{i}": per_sequence[i].item() for i in worst.tolist()}
        return [(x[own], y[own]) for (x, y), own in zip(micros, torch.split(stays, sizes), strict=True)]

    def _read(self, sequences: int) -> tuple[Tensor, Tensor]:
        """`sequences` windows at random places of the training text, and the same one token on: each (B, T)."""
        ix = torch.randint(len(self._train) - self.config.model.context, (sequences, 1), generator=self._streams["data"])  # (B, 1)
        window = self._train[ix.to(self.device) + self._span]  # (B, T + 1)
        return window[:, :-1], window[:, 1:]

    def _descend(self, x: Tensor, targets: Tensor, y: Tensor, weight: float) -> Tensor:
        """Add weight x the gradient of the loss on `targets` to `.grad`; the loss on the true targets y. All are (B, T)."""
        if self._halves is not None and len(x) > 1:
            return self._halves.descend(self._losses, (x, targets, y) if targets is not y else (x, y), weight)
        loss, raw_loss = self._losses(x, targets, y if targets is not y else None)
        (loss if weight == 1 else loss * weight).backward()  # type: ignore[no-untyped-call]
        return raw_loss

    def _losses(self, x: Tensor, targets: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The loss to descend, and the raw loss: where `targets` are noisy, that on the true y. Called by several threads at once."""
        with self._autocast():
            if y is None:
                loss = self._loss(x, targets)
                return loss, loss.detach()
            logits = self.model(x)
            return mean_loss(logits, targets), mean_loss(logits.detach(), y)

    @torch.no_grad()
    def _add_scaled(self, sums: tuple[list[Tensor], list[Tensor]] | None, scale: float) -> tuple[list[Tensor], list[Tensor]]:
        """Move the gradient in `.grad` into both sums, plain and times `scale`."""
        grads = [p.grad for p in self.levers.parameters if p.grad is not None]
        for p in self.levers.parameters:
            p.grad = None
        if sums is None:
            return grads, list(torch._foreach_mul(grads, scale))
        torch._foreach_add_(sums[0], grads)
        torch._foreach_add_(sums[1], grads, alpha=scale)
        return sums

    def _autocast(self) -> AbstractContextManager[Any]:
        """Matrix products in bf16, weights and sums in fp32; nothing at all in fp32."""
        return torch.autocast(self.device.type, self.dtype) if self.dtype != torch.float32 else nullcontext()

    @contextmanager
    def _own_dropout(self) -> Iterator[None]:
        """Dropout draws from torch's global stream: lend it this learner's, and give the process its own back."""
        if self._dropout_state is None:
            yield
            return
        outer = dropout_state(self.device)
        set_dropout_state(self.device, self._dropout_state)
        try:
            yield
            self._dropout_state = dropout_state(self.device)  # not reached by a turn that failed: it will be redone
        finally:
            set_dropout_state(self.device, outer)

    def _repeatable(self) -> AbstractContextManager[None]:
        """Compiled for a CPU, the embedding's gradient is summed by all threads in any order unless this is asked for."""
        return deterministic_kernels() if self.config.device.compile and self.device.type == "cpu" else nullcontext()

    @torch.no_grad()
    def _weight_norm(self) -> float:
        return torch.nn.utils.get_total_norm(self.levers.parameters).item()

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation

    def evaluate(self, sequences: int) -> Evaluation:
        """Loss on the first `sequences` of the probe set: windows of the validation text, spread evenly however many are asked for."""
        return self._evaluation(self._sequence_losses(sequences))

    def _sequence_losses(self, sequences: int) -> Tensor:
        T = self.config.model.context
        ix = torch.tensor(probe_offsets(sequences, len(self._val) - T), device=self.device).unsqueeze(1)  # (n, 1)
        chunks = torch.split(ix, max(1, EVALUATION_TOKENS // T))
        self.model.eval()
        if self._halves is None or len(chunks) < 2:
            losses = self._chunk_losses(*chunks)
        else:
            middle = (len(chunks) + 1) // 2
            losses = torch.cat(self._halves.both(self._chunk_losses, chunks[:middle], chunks[middle:]))
        self.model.train()
        return losses  # (n,)

    @torch.no_grad()
    def _chunk_losses(self, *chunks: Tensor) -> Tensor:
        """The loss of the windows that start at each of the places in `chunks`, (B, 1) each: (sum of B,)."""
        losses = []
        for chunk in chunks:
            window = self._val[chunk + self._span]  # (B, T + 1)
            with self._autocast():
                losses.append(token_losses(self.model(window[:, :-1]), window[:, 1:]).mean(dim=1))
        return torch.cat(losses)

    def _evaluation(self, per_sequence: Tensor) -> Evaluation:
        n, T = len(per_sequence), self.config.model.context
        return Evaluation(
            value=per_sequence.mean().item(),
            standard_error=per_sequence.std().item() / math.sqrt(n) if n > 1 else math.inf,
            count=n,
            values=tuple(per_sequence.tolist()),
            gflop=n * T * self.model.flops_per_token() / 3 / 1e9,  # the forward pass is a third of training
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Examination

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on a little fixed text. Those that look back are NaN unless prepare named "examine"."""
        n = min(diagnosis.PROBE, len(evaluation.values) or diagnosis.PROBE)
        losses = evaluation.values[:n] or self.evaluate(n).values
        return diagnosis.examine(
            diagnosis.DiagnosisInputs(
                model=self.model,
                layers=self._layers,
                val=self._windows(self._val, len(losses)),
                val_losses=losses,
                val_loss=evaluation.value,
                train=self._windows(self._train, diagnosis.PROBE),
                first_moments=self.hindsight.first_moments(),
                average=self.hindsight.average,
                pulse=self.hindsight.pulse,
                batch=self.config.batch.sequences * self.config.batch.accumulation,
                autocast=self._autocast,
            )
        )

    def _windows(self, text: Tensor, sequences: int) -> Tensor:
        """The first `sequences` fixed windows of a text: (n, T + 1)."""
        places = torch.tensor(probe_offsets(sequences, len(text) - self.config.model.context), device=self.device)
        return text[places.unsqueeze(1) + self._span]

    # -----------------------------------------------------------------------------------------------------------------
    # Its voice

    def sample(self, characters: int, *, temperature: float, top_k: int | None, prompt: str = "") -> str:
        """What the model writes after `prompt`, which is not repeated; an empty prompt is the start of a line."""
        start = self.corpus.encode(prompt or ("\n" if "\n" in self.corpus.vocabulary else self.corpus.vocabulary[0]))
        idx = torch.tensor([start], device=self.device)  # (1, T)
        text = self.model.generate(idx, characters, temperature=temperature, top_k=top_k, generator=self._streams["sample"])
        return self.corpus.decode(text[0, len(start) :].tolist())

    # -----------------------------------------------------------------------------------------------------------------
    # Kept and copied

    def snapshot(self) -> None:
        """Remember weights, moments and schedule as the place a rollback returns to. Before the first call that is the start."""
        self.hindsight.camp = self.hindsight.capture()

    def fork(self, corpus: Corpus | None = None) -> Self:
        """An independent copy that sees the same batches from here on; only the text is shared, or is another of the same vocabulary."""
        twin = type(self)(self.config, corpus or self.corpus)
        twin.prepare(self.hindsight.prepared)
        twin.load_state(self.tensors(), self.state_dict())
        twin.should_stop = self.should_stop
        return twin

    def follow(self, leader: Self) -> None:
        """Put every random stream where the leader's stands."""
        for name, stream in self._streams.items():
            stream.set_state(leader._streams[name].get_state())
        if leader._dropout_state is not None:
            self._dropout_state = leader._dropout_state.clone()

    def tensors(self) -> dict[str, Tensor]:
        """All tensor state, on the CPU: model.*, optimizer.*, snapshot.*, stream.*; copies, so that training may go on during a save."""
        streams = {f"stream.{name}": stream.get_state() for name, stream in self._streams.items()}
        if self._dropout_state is not None:
            streams["stream.dropout"] = self._dropout_state.clone()
        return self.hindsight.tensors() | streams

    def state_dict(self) -> dict[str, Any]:
        return {"kind": "supervised", "vocabulary": self.corpus.vocabulary, **self.hindsight.state_dict()}

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Exact inverse of tensors() and state_dict(). LearnerStateError, with nothing changed, when they do not fit this learner."""
        if state.get("kind") != "supervised" or state.get("vocabulary") != self.corpus.vocabulary:
            raise LearnerStateError("the saved state is of another model, or of one that reads other characters; did the text change?")
        found = self.hindsight.recall(tensors, state)
        streams = {name: fitting(tensors, f"stream.{name}", s.get_state().shape, torch.uint8) for name, s in self._streams.items()}
        if self._dropout_state is not None:
            streams["dropout"] = fitting(tensors, "stream.dropout", self._dropout_state.shape, torch.uint8)
        refuse_strangers(tensors, found.names | {f"stream.{name}" for name in streams})

        self.hindsight.adopt(found)
        if self._dropout_state is not None:
            self._dropout_state = streams.pop("dropout").clone()
        for name, stream_state in streams.items():
            self._streams[name].set_state(stream_state)

    def weights_sha256(self) -> str:
        """Hash of the weights' bytes in name order."""
        return weights_sha256(self.model)


def probe_offsets(sequences: int, positions: int) -> list[int]:
    """Places in the validation text, spread evenly however many are taken: multiples of the golden ratio, modulo one."""
    golden = 0x9E3779B97F4A7C15  # 2^64 / 1.618...
    return [((i * golden) % 2**64) * positions >> 64 for i in range(1, min(sequences, positions) + 1)]
