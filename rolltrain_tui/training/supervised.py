"""Next-token training of a GPT, turn by turn under the rules' levers, read from top to bottom:

the learner's parts, one turn, its gradient, evaluation, its voice, and how it is kept and copied.
"""

import ctypes
import hashlib
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Self

import torch
from torch import Tensor

from rolltrain_tui.config.schema import CampaignConfig, OptimizerConfig, ScheduleConfig
from rolltrain_tui.rules.effects import StepEffect
from rolltrain_tui.training import diagnosis
from rolltrain_tui.training.corpus import Corpus
from rolltrain_tui.training.gpt import GPT, GPTConfig, mean_loss, token_losses
from rolltrain_tui.training.halves import Halves
from rolltrain_tui.training.learner import Evaluation, Examination, Facts, StepAbandoned, StepReport
from rolltrain_tui.training.levers import Levers, Motion, add_weight_noise, lay_side_by_side, replace_targets
from rolltrain_tui.training.machine import pick_device, pick_dtype, pick_threads
from rolltrain_tui.training.memory import FIRST_MOMENTS, Average, Remembered, Ring, forget_momentum
from rolltrain_tui.training.pulse import Pulse
from rolltrain_tui.training.snapshots import LearnerStateError, Snapshot, fitting

EVALUATION_TOKENS = 2048
"""Per forward pass of an evaluation: fewer cost more calls, more leave the cache (measured: 8 % slower in fp32 at 384 and at 4096)."""

STREAMS = ("data", "target_noise", "weight_noise", "sample")
"""The random streams of a learner besides init and dropout; each has its own generator and is saved."""


@dataclass(slots=True)
class Gathered:
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


class SupervisedLearner:
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
        self._halves = Halves(list(self.model.parameters()), self.threads) if divisible else None
        if self._halves is None and torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)

        # The optimiser and the levers on it
        self.optimizer = build_optimizer(self.model, config.optimizer, self.device)
        self.levers = Levers(self.optimizer, self.model.parameters(), clip=config.optimizer.clip)
        self.turn = 0  # position in the schedule: turns taken, counting from the last rollback's

        # The data, in memory as one tensor each
        self._train, self._val = corpus.train.to(self.device), corpus.val.to(self.device)
        self._span = torch.arange(config.model.context + 1, device=self.device)  # (T + 1,)

        # The streams
        self._streams = {name: random_stream(config.seed, name) for name in STREAMS}
        self._dropout_state = first_dropout_state(config.seed, self.device) if config.model.dropout > 0 else None

        self._snapshot = self._capture()  # the first camp is the start

        # What levers that look back need; made by `prepare`
        self._average: Average | None = None
        self._ring: Ring | None = None
        self._pulse: Pulse | None = None
        self._layers = diagnosis.layers_of(self.model)

    def prepare(self, levers: Collection[str]) -> None:
        """Told before the first turn which levers may be asked for, and whether to `examine`. What is not named costs nothing."""
        self._average = Average(self.levers.parameters) if "heal_alpha" in levers or "examine" in levers else None
        self._pulse = Pulse() if "examine" in levers else None
        self._ring = Ring() if "restore_best" in levers else None
        if "norm_cap" in levers:
            self.levers.watch_norms()

    def remember(self, evaluation: Evaluation) -> None:
        """An evaluation on the way: keep the state it is of, where restore_best may be asked for."""
        if self._ring is not None and math.isfinite(evaluation.loss):
            self._ring.remember(evaluation.loss, self._capture())

    def facts(self) -> Facts:
        batch = self.config.batch
        tokens = batch.sequences * batch.accumulation * self.config.model.context
        return Facts(
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
        # Only a turn that changes the weights before its last batch has been read needs a copy to go back to.
        before = self._capture() if effect.extra_steps or acts_before_the_step(effect) else None
        average, pulse, norms = self._average, self._pulse, tuple(self.levers.norms or ())
        try:
            with self._own_dropout(), self._repeatable():
                return self._step(effect, started)
        except BaseException:
            for p in self.levers.parameters:
                p.grad = None
            for name, state in streams.items():
                self._streams[name].set_state(state)
            if before is not None:
                self._restore(before)
            self._average, self._pulse = average, pulse
            if self.levers.norms is not None:
                self.levers.watch_norms(norms)
            raise

    def _step(self, effect: StepEffect, started: float) -> StepReport:
        measured: dict[str, float] = {}
        spent = self._before_the_step(effect, measured) if acts_before_the_step(effect) else 0.0
        start = self._capture() if effect.extra_steps else None
        here = self._here()
        norms = tuple(self.levers.norms or ())

        lr = learning_rate(self.turn, self.config.turns, self.config.optimizer.learning_rate, self.config.schedule)
        for group in self.optimizer.param_groups:
            group["lr"] = lr

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
            motion = Motion(grad_norm=motion.grad_norm, finite=False, optimizer_steps=0)
            if start is not None:  # it may have been an extra step that failed: the ones before it are taken back
                self._restore(start)
            if self.levers.norms is not None:
                self.levers.watch_norms(norms)
        move = self._move(here) if motion.finite else None
        if motion.finite and effect.weight_noise:
            measured["weight_noise"] = add_weight_noise(self.levers.parameters, effect.weight_noise, self._streams["weight_noise"])
        self.turn += 1
        if self._average is not None and motion.finite:
            self._average.follow(self.levers.parameters)
        self._keep_pulse(move)

        measured |= motion.levers
        measured |= first.dropped
        if effect.target_noise:
            measured["target_noise"] = replaced / tokens
        if effect.batch_factor != 1:
            measured["batch_factor"] = first.tokens / self.facts().tokens_per_turn
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

    def _before_the_step(self, effect: StepEffect, measured: dict[str, float]) -> float:
        """What returns, heals or forgets before the batch is read; the GFLOP of the evaluations that prove it."""
        spent = 0.0
        if effect.rollback:
            measured["rollback"] = self._snapshot.distance(self.model)
            self._restore(self._snapshot)
        if effect.restore_best:
            spent += self._restore_best(measured)
        if self._average is not None and (effect.rollback or effect.restore_best):
            self._average = Average(self.levers.parameters)  # the average of what was left behind would only draw back to it
            self._pulse = self._pulse.returned() if self._pulse is not None else None
        if effect.heal_alpha:
            spent += self._heal(effect.heal_alpha, measured)
        if effect.forget_momentum:
            measured["forget_momentum.before"], measured["forget_momentum"] = forget_momentum(self.optimizer)
        return spent

    def _restore_best(self, measured: dict[str, float]) -> float:
        """Weights and moments of the best remembered evaluation; its loss is measured again on the spot. The schedule goes on."""
        assert self._ring is not None, "restore_best looks back: name it to prepare first"
        if (best := self._ring.best) is None:  # no evaluation yet, or none was finite
            return 0.0
        best.snapshot.put_back(self.model, self.optimizer)
        found = self.evaluate(self.config.evaluation.sequences)
        measured["restore_best"], measured["restore_best.stored"] = found.loss, best.loss
        measured["restore_best.age"] = float(self._ring.evaluations - best.evaluation)
        return found.gflop

    def _heal(self, alpha: float, measured: dict[str, float]) -> float:
        """Towards the average of the last turns' weights, with the validation loss before and after."""
        assert self._average is not None, "heal_alpha looks back: name it to prepare first"
        assert 0 <= alpha <= 1, f"not a lever's range: heal_alpha {alpha}"
        before = self.evaluate(self.config.evaluation.sequences)
        measured["heal_alpha"] = self._average.heal(self.levers.parameters, alpha)
        after = self.evaluate(self.config.evaluation.sequences)
        measured["heal_alpha.val_before"], measured["heal_alpha.val_after"] = before.loss, after.loss
        return before.gflop + after.gflop

    # -----------------------------------------------------------------------------------------------------------------
    # Its gradient

    def _gather(self, effect: StepEffect, factor: float) -> Gathered:
        """Read one batch, `factor` times the usual size, and leave its mean gradient in `.grad`. StepAbandoned between micro-batches."""
        config = self.config.batch
        sequences = max(1, round(config.sequences * config.accumulation * factor))
        sizes = [config.sequences] * (sequences // config.sequences)
        if sequences % config.sequences:
            sizes.append(sequences % config.sequences)
        scales = effect.micro_scales
        assert not scales or len(scales) == config.accumulation, f"{len(scales)} micro_scales for {config.accumulation} micro-batches"

        batch = Gathered()
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
    def _without_the_worst(self, sizes: list[int], drop: int, batch: Gathered) -> list[tuple[Tensor, Tensor]]:
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

    def evaluate_sequences(self, sequences: int) -> Evaluation:
        """As evaluate, with the loss of each sequence."""
        per_sequence = self._sequence_losses(sequences)
        return replace(self._evaluation(per_sequence), losses=tuple(per_sequence.tolist()))

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
            loss=per_sequence.mean().item(),
            standard_error=per_sequence.std().item() / math.sqrt(n) if n > 1 else math.inf,
            sequences=n,
            gflop=n * T * self.model.flops_per_token() / 3 / 1e9,  # the forward pass is a third of training
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Examination

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on a little fixed text. Those that look back are NaN unless prepare named "examine"."""
        n = min(diagnosis.PROBE, len(evaluation.losses) or diagnosis.PROBE)
        losses = evaluation.losses[:n] or self.evaluate_sequences(n).losses
        return diagnosis.examine(
            diagnosis.Patient(
                model=self.model,
                layers=self._layers,
                val=self._windows(self._val, len(losses)),
                val_losses=losses,
                val_loss=evaluation.loss,
                train=self._windows(self._train, diagnosis.PROBE),
                first_moments=self._first_moments(),
                average=self._average,
                pulse=self._pulse,
                batch=self.config.batch.sequences * self.config.batch.accumulation,
                autocast=self._autocast,
            )
        )

    def _windows(self, text: Tensor, sequences: int) -> Tensor:
        """The first `sequences` fixed windows of a text: (n, T + 1)."""
        places = torch.tensor(probe_offsets(sequences, len(text) - self.config.model.context), device=self.device)
        return text[places.unsqueeze(1) + self._span]

    def _first_moments(self) -> list[Tensor] | None:
        """What the optimiser remembers of past gradients, one tensor for each parameter; None where it has no such memory (yet)."""
        moments = [self.optimizer.state.get(p, {}).get(key) for p in self.levers.parameters for key in FIRST_MOMENTS]
        kept = [moment for moment in moments if isinstance(moment, Tensor)]
        return kept if len(kept) == len(self.levers.parameters) else None

    def _here(self) -> list[Tensor] | None:
        """A copy of the weights before a turn whose move an examination will ask for; else None."""
        if self._pulse is None or not self._pulse.looks_at(self.config.evaluation.every):
            return None
        return [p.detach().clone() for p in self.levers.parameters]

    @torch.no_grad()
    def _move(self, here: list[Tensor] | None) -> list[float] | None:
        """How far each layer has moved since `here`."""
        return None if here is None else diagnosis.lengths(self._layers, torch._foreach_sub(self.levers.parameters, here))

    @torch.no_grad()
    def _keep_pulse(self, move: list[float] | None) -> None:
        """One turn further, and the weights' norm where an examination is due."""
        if self._pulse is None:
            return
        self._pulse = self._pulse.walked(move)
        if self._pulse.turns % self.config.evaluation.every == 0:
            self._pulse = self._pulse.weighed(diagnosis.whole(diagnosis.lengths(self._layers, self.levers.parameters)))

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
        self._snapshot = self._capture()

    def _capture(self) -> Snapshot:
        return Snapshot.take(self.model, self.optimizer, self.turn)

    def _restore(self, snapshot: Snapshot) -> None:
        snapshot.put_back(self.model, self.optimizer)
        self.turn = snapshot.turn

    def fork(self) -> Self:
        """An independent copy that sees the same batches from here on; only the text is shared."""
        twin = type(self)(self.config, self.corpus)
        twin.prepare(self._prepared())
        twin.load_state(self.tensors(), self.state_dict())
        twin.should_stop = self.should_stop
        return twin

    def _prepared(self) -> list[str]:
        made = {"heal_alpha": self._average, "restore_best": self._ring, "norm_cap": self.levers.norms, "examine": self._pulse}
        return [lever for lever, memory in made.items() if memory is not None]

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
        packed = self._capture().pack("") | self._snapshot.pack("snapshot.") | streams
        if self._average is not None:
            packed |= pack_average(self._average, self.model)
        for place, remembered in enumerate(self._ring.kept if self._ring is not None else ()):
            packed |= remembered.snapshot.pack(f"best.{place}.")
        return packed

    def state_dict(self) -> dict[str, Any]:
        state = {"kind": "supervised", "turn": self.turn, "snapshot_turn": self._snapshot.turn, "vocabulary": self.corpus.vocabulary}
        if self.levers.norms is not None:
            state["norms"] = list(self.levers.norms)
        if self._pulse is not None:
            state["pulse"] = self._pulse.state_dict()
        if self._ring is not None:
            state["evaluations"] = self._ring.evaluations
            state["best"] = [[r.loss, r.evaluation, r.snapshot.turn] for r in self._ring.kept]
        return state

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Exact inverse of tensors() and state_dict(). LearnerStateError, with nothing changed, when they do not fit this learner."""
        if state.get("kind") != "supervised" or state.get("vocabulary") != self.corpus.vocabulary:
            raise LearnerStateError("the saved state is of another model, or of one that reads other characters; did the text change?")
        turns = [state.get("turn"), state.get("snapshot_turn")]
        if not all(isinstance(turn, int) and turn >= 0 for turn in turns):
            raise LearnerStateError(f"the saved state stands at turn {turns[0]!r}, its snapshot at {turns[1]!r}; both must be counts")
        now = Snapshot.unpack(tensors, "", self.model, self.optimizer, state["turn"])
        snapshot = Snapshot.unpack(tensors, "snapshot.", self.model, self.optimizer, state["snapshot_turn"])
        streams = {name: fitting(tensors, f"stream.{name}", s.get_state().shape, torch.uint8) for name, s in self._streams.items()}
        if self._dropout_state is not None:
            streams["dropout"] = fitting(tensors, "stream.dropout", self._dropout_state.shape, torch.uint8)
        known = now.pack("") | snapshot.pack("snapshot.") | {f"stream.{name}": s for name, s in streams.items()}
        pulse = None if self._pulse is None else saved_pulse(state)
        held = {name: tensor for name, tensor in tensors.items() if name.startswith("average.")}
        if self._average is None:
            average = None
            known |= held  # of a run that was examined; this one is not
        elif held or pulse is None or "pulse" in state:
            average = unpack_average(tensors, self.model)
            known |= pack_average(average, self.model)
        else:  # examined from here on
            average = Average(list(now.weights.values()))
        ring = None if self._ring is None else self._unpack_ring(tensors, state)
        for place, remembered in enumerate(ring.kept if ring is not None else ()):
            known |= remembered.snapshot.pack(f"best.{place}.")
        norms = None if self.levers.norms is None else saved_norms(state)
        if strangers := sorted(tensors.keys() - known.keys()):
            raise LearnerStateError(f"the saved state has tensors this campaign does not know, among them {strangers[0]!r}")

        self._restore(now)
        self._snapshot, self._average, self._ring, self._pulse = snapshot, average, ring, pulse
        if norms is not None:
            self.levers.watch_norms(norms)
        if self._dropout_state is not None:
            self._dropout_state = streams.pop("dropout").clone()
        for name, stream_state in streams.items():
            self._streams[name].set_state(stream_state)

    def _unpack_ring(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> Ring:
        ring = Ring()
        try:
            ring.evaluations = int(state["evaluations"])
            rows = [(float(loss), int(evaluation), int(turn)) for loss, evaluation, turn in state["best"]]
        except (KeyError, TypeError, ValueError) as error:
            raise LearnerStateError(f"the saved state does not hold the best evaluations this hero may return to: {error}") from None
        for place, (loss, evaluation, turn) in enumerate(rows):
            snapshot = Snapshot.unpack(tensors, f"best.{place}.", self.model, self.optimizer, turn)
            ring.kept.append(Remembered(loss, evaluation, snapshot))
        return ring

    def weights_sha256(self) -> str:
        """Hash of the weights' bytes in name order."""
        digest = hashlib.sha256()
        for _, p in sorted(self.model.named_parameters()):
            weight = p.detach().cpu().contiguous()
            digest.update((ctypes.c_char * (weight.numel() * weight.element_size())).from_address(weight.data_ptr()))
        return digest.hexdigest()


# ---------------------------------------------------------------------------------------------------------------------
# The parts


def acts_before_the_step(effect: StepEffect) -> bool:
    """True where the effect changes weights or moments before the batch is read."""
    return effect.rollback or effect.restore_best or effect.heal_alpha != 0 or effect.forget_momentum


def pack_average(average: Average, model: GPT) -> dict[str, Tensor]:
    return {
        f"average.{name}": weight.detach().cpu().clone()
        for (name, _), weight in zip(model.named_parameters(), average.weights, strict=True)
    }


def unpack_average(tensors: Mapping[str, Any], model: GPT) -> Average:
    return Average([fitting(tensors, f"average.{name}", p.shape, p.dtype).to(p.device) for name, p in model.named_parameters()])


def saved_pulse(state: Mapping[str, Any]) -> Pulse:
    """A new one where the saved run was not examined."""
    if "pulse" not in state:
        return Pulse(turns=state["turn"], since=state["turn"])
    try:
        return Pulse.from_state(state["pulse"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LearnerStateError(f"the saved state does not hold what an examination looks back on: {error!r}") from None


def saved_norms(state: Mapping[str, Any]) -> list[float]:
    norms = state.get("norms")
    if not isinstance(norms, list) or not all(isinstance(norm, int | float) for norm in norms):
        raise LearnerStateError("the saved state does not hold the update norms that this hero's cap looks back on")
    return [float(norm) for norm in norms]


def build_optimizer(model: GPT, config: OptimizerConfig, device: torch.device) -> torch.optim.Optimizer:
    """AdamW or SGD, with weight decay on matrices and embeddings and none on biases and norms.

    Fused: one call for all parameters; measured on a CPU at a third of the time of the default AdamW.
    """
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.beta1, fused=True)
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(config.beta1, config.beta2), eps=config.eps, fused=True)


def learning_rate(turn: int, turns: int, peak: float, schedule: ScheduleConfig) -> float:
    """Of turn 0, 1, ...: up in a straight line, peak at turn warmup_turns - 1, then peak or a half cosine down to the last of `turns`."""
    if turn < schedule.warmup_turns:
        return peak * (turn + 1) / schedule.warmup_turns
    if schedule.decay == "constant":
        return peak
    way = min(1.0, (turn - schedule.warmup_turns) / max(1, turns - 1 - schedule.warmup_turns))
    return peak * (schedule.final_fraction + (1 - schedule.final_fraction) * 0.5 * (1 + math.cos(math.pi * way)))


def probe_offsets(sequences: int, positions: int) -> list[int]:
    """Places in the validation text, spread evenly however many are taken: multiples of the golden ratio, modulo one."""
    golden = 0x9E3779B97F4A7C15  # 2^64 / 1.618...
    return [((i * golden) % 2**64) * positions >> 64 for i in range(1, min(sequences, positions) + 1)]


def random_stream(seed: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(stream_seed(seed, name))


def stream_seed(seed: int, name: str) -> int:
    """A seed for each stream, so that no two of them, nor the same one of neighbouring campaign seeds, draw the same numbers."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:7])


@contextmanager
def deterministic_kernels() -> Iterator[None]:
    """Only kernels whose result is the same each time; without the filling of fresh memory that PyTorch adds for debugging."""
    memory: Any = torch.utils.deterministic
    asked, fills = torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(asked)
        memory.fill_uninitialized_memory = fills


def first_dropout_state(seed: int, device: torch.device) -> Tensor:
    return torch.Generator(device).manual_seed(stream_seed(seed, "dropout")).get_state()


def dropout_state(device: torch.device) -> Tensor:
    """The state of the global stream that dropout draws from on this device."""
    state: Tensor = {"cpu": torch, "cuda": torch.cuda, "mps": torch.mps}[device.type].get_rng_state()
    return state


def set_dropout_state(device: torch.device, state: Tensor) -> None:
    {"cpu": torch, "cuda": torch.cuda, "mps": torch.mps}[device.type].set_rng_state(state)
