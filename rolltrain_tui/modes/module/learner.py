"""Training of anyone's module, turn by turn under the rules' levers: any model, batches, optimiser and schedule. Implements `Learner`.

It reads as `supervised` does: the learner's parts, one turn, its gradient, evaluation, its voice, and how it is kept and copied.
"""

import copy
import math
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.flop_counter import FlopCounterMode

from rolltrain_tui.modes.module import diagnosis
from rolltrain_tui.modes.module.batches import Batches, LoaderError, Place, each, examples_in, pick
from rolltrain_tui.modes.module.config import ModuleConfig
from rolltrain_tui.modes.module.criterion import Criterion, classes_of, one_by_one
from rolltrain_tui.modes.module.schedule import ModuleSchedule
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepAbandoned, StepReport
from rolltrain_tui.training.levers import Levers, StepMeasurement, add_weight_noise
from rolltrain_tui.training.sampled_update import BY_COORDINATE
from rolltrain_tui.training.snapshots import LearnerStateError, fitting, weights_sha256
from rolltrain_tui.training.state_memory import TrainingMemory, acts_before_the_step, refuse_strangers
from rolltrain_tui.training.streams import dropout_state, first_dropout_state, random_stream, set_dropout_state

STREAMS = ("target_noise", "weight_noise", "sample")
PROBE_BATCHES = 2
"""Micro-batches of the training data that are looked at again and again by an examination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParts:
    """What a program brings along to be trained."""

    model: nn.Module
    optimizer: Optimizer
    scheduler: Any
    criterion: Criterion
    tokenizer: Any = None


@dataclass(slots=True)
class BatchGradient:
    """The gradient of one batch, left in `.grad`, and what was seen on the way."""

    loss: float = 0.0
    """Mean over the batch, raw."""
    tokens: int = 0
    micro_batches: float = 0.0
    targets: int = 0
    replaced: int = 0
    """Targets replaced by noise."""
    plain: list[Tensor] | None = None
    """sum_j g_j / K where micro_scales put sum_j k_j g_j / K into `.grad`; else None."""
    scored: float = 0.0
    """Micro-batches that were read once more, forward only."""
    dropped: dict[str, float] = field(default_factory=dict)
    """What drop_worst measured."""


class ModuleLearner:
    """`train` and `validation` are loaders, anything that can be gone through again and again; validation may be None.

    LossError and LoaderError, in words, when the first batch of either gives no loss.
    """

    def __init__(self, config: ModuleConfig, work: TrainingParts, train: Iterable[Any] | Batches, validation: Iterable[Any] | None) -> None:
        self.config, self.work = config, work
        self.model, self.optimizer, self.criterion = work.model, work.optimizer, work.criterion
        self.should_stop: Callable[[], bool] = lambda: False
        self.device = self.criterion.device
        self.dtype = getattr(torch, config.trained.dtype)

        # The data
        self.batches = train if isinstance(train, Batches) else Batches(train, config.seed)
        self.validation = validation
        self.place: Place = (0, 0)
        """Of the next micro-batch."""

        # The streams
        self._streams = {name: random_stream(config.seed, name) for name in STREAMS}
        self._dropout_state = first_dropout_state(config.seed, self.device)

        # The optimiser's schedule, and the levers on it
        every = config.trained.epoch if config.trained.scheduler_every == "epoch" else 1
        self.schedule = ModuleSchedule(self.optimizer, work.scheduler, every)
        self.levers = Levers(self.optimizer, _learning(self.optimizer), clip=config.trained.clip)
        self._layers = diagnosis.layers_of(self.model, self.levers.parameters)
        self.hindsight = TrainingMemory(self.model, self.levers, self.schedule, self._layers, config.evaluation.every)

        self._buffers = list(self.model.buffers())
        self._by_coordinate = type(self.optimizer) in BY_COORDINATE
        self.model.train()
        self._facts = self._look()

    def prepare(self, levers: Collection[str]) -> None:
        self.hindsight.prepare(levers)

    def remember(self, evaluation: Evaluation) -> None:
        self.schedule.val_loss = evaluation.value if math.isfinite(evaluation.value) else None
        self.hindsight.remember(evaluation)

    def info(self) -> LearnerInfo:
        return self._facts

    def _look(self) -> LearnerInfo:
        """One forward pass on the first micro-batch, without dropout and without a trace: what it costs and what it answers."""
        first = self.criterion.ready(self.batches.at((0, 0))[0])
        self._gflop, output = self._cost_of(first)
        size = examples_in(first)
        self._examples = size
        unavailable_levers = {} if size is not None and size > 1 else {"drop_worst": _WHOLE}
        if size is None or size < 2:
            unavailable_levers |= {"batch_factor": _WHOLE, "extra_batch_factor": _WHOLE} if self.config.micro_batches == 1 else {}
        if _targets_of(first) is None:
            unavailable_levers["target_noise"] = "its batches have no labels of whole numbers that noise could replace"
        writes = self.work.tokenizer is not None and hasattr(self.model, "generate") and hasattr(self.work.tokenizer, "decode")
        return LearnerInfo(
            parameters=sum(p.numel() for p in self.model.parameters()),
            vocabulary=classes_of(output, first),
            floor=None,
            device=str(self.device),
            dtype=self.config.trained.dtype,
            threads=torch.get_num_threads(),
            tokens_per_turn=_tokens_in(first) * self.config.micro_batches,
            gflop_per_turn=3 * self._gflop * self.config.micro_batches,
            unavailable_levers=unavailable_levers,
            mute="" if writes else "This model writes no text: that takes a tokenizer and a model that can generate.",
        )

    @torch.no_grad()
    def _cost_of(self, batch: Any) -> tuple[float, Any]:
        """The GFLOP of a forward pass on this micro-batch, as PyTorch counts them, and the model's output."""
        with self._at_rest(), self._autocast():
            counter = FlopCounterMode(display=False)
            try:
                with counter:
                    _, output = self.criterion(self.model, batch)
                return counter.get_total_flops() / 1e9, output
            except ValueError:
                raise
            except Exception:  # a model that the counter cannot follow
                _, output = self.criterion(self.model, batch)
                return 2e-9 * sum(p.numel() for p in self.model.parameters()) * _tokens_in(batch), output

    # -----------------------------------------------------------------------------------------------------------------
    # One turn

    def step(self, effect: StepEffect) -> StepReport:
        """One optimiser step, and `extra_steps` more on fresh micro-batches; nothing that a neutral effect does not use is paid for.

        StepAbandoned, or any other exception, leaves weights, moments, schedule and streams where they were.
        """
        started = perf_counter()
        streams, place = {name: stream.get_state() for name, stream in self._streams.items()}, self.place
        buffers = [(buffer, buffer.clone()) for buffer in self._buffers]  # running statistics of a batch that never was
        mark = self.hindsight.mark(effect)
        try:
            with self._own_dropout():
                report = self._step(effect, started)
        except BaseException:
            for name, state in streams.items():
                self._streams[name].set_state(state)
            self.place = place
            self.hindsight.take_back(mark)
            with torch.no_grad():
                for buffer, before in buffers if mark.before is None else ():
                    buffer.copy_(before)
            raise
        self.batches.remove(self.place)
        return report

    def _step(self, effect: StepEffect, started: float) -> StepReport:
        measured: dict[str, float] = {}
        memory, spent = self.hindsight, 0.0
        if acts_before_the_step(effect):
            spent = memory.before_the_step(effect, measured, lambda: self.evaluate(self.config.evaluation.sequences))
        start = memory.capture() if effect.extra_steps else None
        here = memory.here()
        norms = tuple(self.levers.norms or ())
        lr = self.schedule.lr
        if self._by_coordinate and effect.lr_scale != 1:  # the same step, and measured without taking another one for comparison
            effect = replace(effect, lr_scale=1.0, update_scale=effect.update_scale * effect.lr_scale)

        batch = first = self._gather(effect, effect.batch_factor)
        tokens, micro, scored = batch.tokens, batch.micro_batches, batch.scored
        motion = self.levers.step(effect, loss=batch.loss, plain=batch.plain)
        for _ in range(effect.extra_steps if motion.finite else 0):
            batch = self._gather(effect, effect.batch_factor * effect.extra_batch_factor)
            tokens, micro, scored = tokens + batch.tokens, micro + batch.micro_batches, scored + batch.scored
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
        self.schedule.advance()
        memory.after_the_step(move, finite=motion.finite)

        measured |= motion.levers
        measured |= first.dropped
        if effect.target_noise:
            measured["target_noise"] = first.replaced / first.targets if first.targets else 0.0
        if effect.batch_factor != 1:
            measured["batch_factor"] = first.micro_batches / self.config.micro_batches
        if effect.extra_steps:
            measured["extra_steps"] = max(0, motion.optimizer_steps - 1)
            if effect.extra_batch_factor != 1 and batch is not first:
                measured["extra_batch_factor"] = batch.micro_batches / first.micro_batches
        if motion.clipped_norm is not None and self.levers.clip is not None:
            measured["clip_factor"] = motion.clipped_norm / self.levers.clip
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
            gflop=(3 * micro + scored) * self._gflop + spent,  # a forward pass is a third of training
            seconds=perf_counter() - started,
            finite=motion.finite,
            optimizer_steps=motion.optimizer_steps,
            measured=measured,
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Its gradient

    def _gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Read `factor` times a turn's micro-batches, and leave the mean of their mean gradients in `.grad`. StepAbandoned in between."""
        parts, scales = self._parts(factor), effect.micro_scales
        assert not scales or len(scales) == self.config.micro_batches, f"{len(scales)} micro_scales for another number of micro-batches"
        batch = BatchGradient()
        micros = self._without_the_worst(parts, effect.drop_worst, batch) if effect.drop_worst else None
        whole_loss = batch.loss
        sums: tuple[list[Tensor], list[Tensor]] | None = None  # sum_j g_j / K and sum_j k_j g_j / K, where they differ
        for j, part in enumerate(parts):
            if self.should_stop():
                raise StepAbandoned
            micro = self._read(part) if micros is None else micros[j]
            if micro is None:  # all of it was among the worst
                continue
            weight = part / sum(parts)
            batch.loss += self._descend(micro, effect.target_noise, weight, batch) * weight
            batch.tokens, batch.micro_batches = batch.tokens + _tokens_in(micro), batch.micro_batches + part
            if any(scale != 1 for scale in scales):
                # With another batch size the rolls keep their share of the batch: micro-batch j has the roll at its place.
                sums = self._add_scaled(sums, scales[j * len(scales) // len(parts)])
        if micros is not None:
            batch.loss = whole_loss  # of the whole batch, as every turn's
        if sums is not None:
            batch.plain, scaled = sums
            for p, grad in zip([p for p in self.levers.parameters if p in self._graded], scaled, strict=True):
                p.grad = grad
        return batch

    def _parts(self, factor: float) -> list[float]:
        """How much of each micro-batch is read: whole ones, then part of one where the loader's batches can be divided."""
        wanted = self.config.micro_batches * factor
        size = self._examples
        if size is None or size < 2:
            return [1.0] * max(1, round(wanted))
        whole = math.floor(wanted + 1e-9)
        rest = round((wanted - whole) * size) / size
        return [1.0] * whole + ([rest] if rest else []) or [1 / size]

    def _read(self, part: float = 1.0) -> Any:
        """The next micro-batch, or the first part of it."""
        raw, self.place = self.batches.at(self.place)
        micro = self.criterion.ready(raw)
        size = examples_in(micro)
        return micro if part == 1 or size is None else pick(micro, torch.arange(max(1, round(part * size))))

    @torch.no_grad()
    def _without_the_worst(self, parts: list[float], drop: int, batch: BatchGradient) -> list[Any]:
        """The turn's micro-batches without the `drop` examples of highest loss (one at least stays); all are read once more for that."""
        micros, losses = [], []
        with self._at_rest(), self._autocast():
            for part in parts:
                if self.should_stop():
                    raise StepAbandoned
                micros.append(self._read(part))
                own = one_by_one(self.criterion, self.model, micros[-1])
                assert own is not None, "drop_worst is not served for batches without examples"
                losses.append(own.float())
        every = torch.cat(losses)
        worst = every.topk(min(drop, len(every) - 1)).indices
        stays = torch.ones_like(every, dtype=torch.bool)
        stays[worst] = False
        batch.loss, batch.scored = every.mean().item(), sum(parts)
        batch.dropped = {"drop_worst": float(len(worst)), "drop_worst.kept": every[stays].mean().item()}
        if len(worst):
            batch.dropped["drop_worst.dropped"] = every[worst].mean().item()
            batch.dropped |= {f"drop_worst.{i}": every[i].item() for i in worst.tolist()}
        split = torch.split(stays.cpu(), [len(own) for own in losses])
        kept = [own.nonzero().flatten() for own in split]
        return [pick(micro, own) if len(own) else None for micro, own in zip(micros, kept, strict=True)]

    def _descend(self, micro: Any, noise: float, weight: float, batch: BatchGradient) -> float:
        """Add weight x the gradient of the micro-batch's loss to `.grad`; the raw loss, on the true targets."""
        with self._autocast():
            if noise:
                with torch.no_grad():
                    raw = self.criterion(self.model, micro)[0].item()
                micro, replaced, targets = _noisy(micro, noise, self._streams["target_noise"])
                batch.replaced, batch.targets, batch.scored = batch.replaced + replaced, batch.targets + targets, batch.scored + 1
            loss, _ = self.criterion(self.model, micro)
        (loss if weight == 1 else loss * weight).backward()  # type: ignore[no-untyped-call]
        return raw if noise else loss.item()

    @torch.no_grad()
    def _add_scaled(self, sums: tuple[list[Tensor], list[Tensor]] | None, scale: float) -> tuple[list[Tensor], list[Tensor]]:
        """Move the gradient in `.grad` into both sums, plain and times `scale`."""
        graded = [p for p in self.levers.parameters if p.grad is not None]
        grads = [p.grad for p in graded if p.grad is not None]
        for p in graded:
            p.grad = None
        if sums is None:
            self._graded = set(graded)
            return grads, list(torch._foreach_mul(grads, scale))
        assert set(graded) == self._graded, "the micro-batches of a turn must use the same parameters"
        torch._foreach_add_(sums[0], grads)
        torch._foreach_add_(sums[1], grads, alpha=scale)
        return sums

    _graded: Collection[Tensor] = ()

    def _autocast(self) -> AbstractContextManager[Any]:
        """Matrix products in bf16, weights and sums in fp32; nothing at all in fp32."""
        return torch.autocast(self.device.type, self.dtype) if self.dtype != torch.float32 else nullcontext()

    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """Without dropout and running statistics, and with nothing drawn from the streams of training."""
        outer = dropout_state(self.device)
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode
            set_dropout_state(self.device, outer)

    @contextmanager
    def _own_dropout(self) -> Iterator[None]:
        """Dropout draws from torch's global stream: lend it this learner's, and give the process its own back."""
        outer = dropout_state(self.device)
        set_dropout_state(self.device, self._dropout_state)
        try:
            yield
            self._dropout_state = dropout_state(self.device)  # not reached by a turn that failed: it will be redone
        finally:
            set_dropout_state(self.device, outer)

    @torch.no_grad()
    def _weight_norm(self) -> float:
        return torch.nn.utils.get_total_norm(self.levers.parameters).item()

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation

    @torch.no_grad()
    def evaluate(self, sequences: int) -> Evaluation:
        """Loss on the first `sequences` examples of the validation data (batches, where the loss is one of whole batches)."""
        losses: list[float] = []
        batches = 0
        loader = self.validation if self.validation is not None else self._probes()
        with self._at_rest(), self._autocast():
            for raw in each(loader, self.config.seed):
                micro = self.criterion.ready(raw)
                own = self.criterion.examples(self.model, micro)
                losses += own.float().tolist() if own is not None else [self.criterion(self.model, micro)[0].item()]
                batches += 1
                if len(losses) >= sequences:
                    break
        if not losses:
            raise LoaderError("the validation data loader is empty; give it at least one batch, or none at all")
        losses = losses[:sequences]
        n = len(losses)
        mean = math.fsum(losses) / n
        deviation = math.sqrt(math.fsum((x - mean) ** 2 for x in losses) / (n - 1) / n) if n > 1 else math.inf
        return Evaluation(value=mean, standard_error=deviation, count=n, gflop=batches * self._gflop, values=tuple(losses))

    def _probes(self) -> list[Any]:
        """The first micro-batches of the training data, always the same; read once."""
        if not self._probed:
            reader, place = Batches(self.batches.loader, self.config.seed), (0, 0)
            for _ in range(PROBE_BATCHES):
                raw, place = reader.at(place)
                self._probed.append(raw)
        return self._probed

    @property
    def _probed(self) -> list[Any]:
        kept: list[Any] = self.batches.__dict__.setdefault("probes", [])
        return kept

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on the same few micro-batches each time."""
        with self._at_rest(), self._autocast():
            return diagnosis.examine(
                diagnosis.DiagnosisInputs(
                    model=self.model,
                    criterion=self.criterion,
                    parameters=self.levers.parameters,
                    layers=self._layers,
                    train=[self.criterion.ready(raw) for raw in self._probes()],
                    evaluation=evaluation,
                    losses_now=lambda: self.evaluate(len(evaluation.values)).values,
                    first_moments=self.hindsight.first_moments(),
                    average=self.hindsight.average,
                    pulse=self.hindsight.pulse,
                    micro_batches=self.config.micro_batches,
                    gflop=self._gflop,
                )
            )

    # -----------------------------------------------------------------------------------------------------------------
    # Its voice

    def sample(self, characters: int, *, temperature: float, top_k: int | None, prompt: str = "") -> str:
        """What the model writes after `prompt`, where it writes; tokens are cut to `characters` of text."""
        model, tokenizer = self.model, self.work.tokenizer
        tokens = tokenizer(prompt or "\n", return_tensors="pt")
        idx = tokens["input_ids"].to(self.device)
        longest = getattr(getattr(model, "config", None), "max_position_embeddings", None)
        room = max(1, characters // 4) if longest is None else max(1, min(characters // 4, longest - idx.shape[1]))
        seed = int(torch.randint(2**62, (1,), generator=self._streams["sample"]))
        with torch.random.fork_rng(), self._at_rest(), torch.no_grad():
            torch.manual_seed(seed)
            told = model.generate(  # type: ignore[operator]
                idx, max_new_tokens=room, do_sample=True, temperature=temperature, top_k=top_k or 0
            )
        text: str = tokenizer.decode(told[0, idx.shape[1] :], skip_special_tokens=True)
        return text[:characters]

    # -----------------------------------------------------------------------------------------------------------------
    # Kept and copied

    def snapshot(self) -> None:
        """Remember weights, moments and schedule as the place a rollback returns to. Before the first call that is the start."""
        self.hindsight.camp = self.hindsight.capture()

    def fork(self) -> Self:
        """An independent copy that sees the same micro-batches from here on; only the loaders are shared."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # copies of schedules doubt their optimiser
            model, optimizer, scheduler = copy.deepcopy((self.model, self.optimizer, self.work.scheduler))
        work = replace(self.work, model=model, optimizer=optimizer, scheduler=scheduler)
        twin = type(self)(self.config, work, self.batches, self.validation)
        twin.prepare(self.hindsight.prepared)
        twin.load_state(self.tensors(), self.state_dict())
        twin.should_stop = self.should_stop
        return twin

    def follow(self, leader: Self) -> None:
        """Put every random stream, and the place in the data, where the leader's stands."""
        for name, stream in self._streams.items():
            stream.set_state(leader._streams[name].get_state())
        self._dropout_state, self.place = leader._dropout_state.clone(), leader.place

    def tensors(self) -> dict[str, Tensor]:
        """All tensor state, on the CPU: model.*, optimizer.*, snapshot.*, stream.*; copies, so that training may go on during a save."""
        streams = {f"stream.{name}": stream.get_state() for name, stream in self._streams.items()}
        return self.hindsight.tensors() | streams | {"stream.dropout": self._dropout_state.clone()}

    def state_dict(self) -> dict[str, Any]:
        return {"kind": "module", "place": list(self.place), **self.hindsight.state_dict()}

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Exact inverse of tensors() and state_dict(). LearnerStateError, with nothing changed, when they do not fit this learner."""
        place = state.get("place")
        if state.get("kind") != "module" or not isinstance(place, list) or len(place) != 2 or not all(isinstance(n, int) for n in place):
            raise LearnerStateError("the saved state is of a campaign's own model, not of one that a program brought along")
        found = self.hindsight.recall(tensors, state)
        streams = {name: fitting(tensors, f"stream.{name}", s.get_state().shape, torch.uint8) for name, s in self._streams.items()}
        dropout = fitting(tensors, "stream.dropout", self._dropout_state.shape, torch.uint8)
        refuse_strangers(tensors, found.names | {f"stream.{name}" for name in (*streams, "dropout")})

        self.hindsight.adopt(found)
        self._dropout_state, self.place = dropout.clone(), (place[0], place[1])
        for name, stream_state in streams.items():
            self._streams[name].set_state(stream_state)

    def weights_sha256(self) -> str:
        """Hash of the weights' bytes in name order."""
        return weights_sha256(self.model)


# ---------------------------------------------------------------------------------------------------------------------
# The parts

_WHOLE = "its batches cannot be taken apart into examples"


def _learning(optimizer: Optimizer) -> list[Tensor]:
    """The parameters that the optimiser moves."""
    return [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]


def _tokens_in(batch: Any) -> int:
    """Tokens where there are any, else examples, else one."""
    ids = batch.get("input_ids") if isinstance(batch, dict) else None
    return ids.numel() if isinstance(ids, Tensor) else examples_in(batch) or 1


def _targets_of(batch: Any) -> Tensor | None:
    """The whole-number labels of a batch, where it has some."""
    labels = batch.get("labels") if isinstance(batch, dict) else batch[-1] if isinstance(batch, tuple | list) and len(batch) > 1 else None
    return labels if isinstance(labels, Tensor) and not labels.is_floating_point() and labels.numel() > 1 else None


def _noisy(batch: Any, fraction: float, generator: torch.Generator) -> tuple[Any, int, int]:
    """A copy of a batch in which that part of the labels was drawn anew from all of its labels; how many, and of how many."""
    labels = _targets_of(batch)
    assert labels is not None, "target_noise is not served for batches without labels"
    noisy = labels.flatten().clone()
    counted = (noisy >= 0).nonzero().flatten().cpu()  # labels below zero are left out of the loss
    count = round(fraction * len(counted))
    places = counted[torch.randperm(len(counted), generator=generator)[:count]]
    drawn = counted[torch.randint(len(counted), (count,), generator=generator)] if count else places
    noisy[places.to(noisy.device)] = noisy[drawn.to(noisy.device)].clone()
    told = noisy.view(labels.shape)
    changed = {**batch, "labels": told} if isinstance(batch, dict) else (*batch[:-1], told)
    return changed, count, len(counted)
