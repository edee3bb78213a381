"""Training of any module that a program brings along: its own model, loaders, optimiser and schedule. Read from top to bottom.

The learner's parts, the gradient of a batch, evaluation, examination, its voice, what it keeps of its own, and reading batches of any
form. The turn itself, with undo, levers, memory and report, is `training.levered_learner`.
"""

import contextlib
import copy
import math
import warnings
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.flop_counter import FlopCounterMode

from rolltrain_tui.base.grammar import plural
from rolltrain_tui.modes.module.batches import (
    NO_VALIDATION,
    Batches,
    LoaderError,
    Place,
    length_of,
    own_batch,
    read_once,
)
from rolltrain_tui.modes.module.config import ModuleConfig
from rolltrain_tui.modes.module.criterion import Criterion, SkippedBatchError, classes_of, one_by_one
from rolltrain_tui.modes.module.evaluation import evaluate_on
from rolltrain_tui.modes.module.forward import LossError, led_back
from rolltrain_tui.modes.module.schedule import ModuleSchedule
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepReport
from rolltrain_tui.training.batch_gradient import BatchGradient, GradientSum, drop_worst
from rolltrain_tui.training.levers.noise import swaps
from rolltrain_tui.training.levers.sampled_update import BY_COORDINATE
from rolltrain_tui.training.optimizers.optimizer_modes import to_training_mode
from rolltrain_tui.training.optimizers.optimizer_state import learning, rate_of, twin_of
from rolltrain_tui.training.probe import layers_of, probe
from rolltrain_tui.training.state.copies import copying
from rolltrain_tui.training.state.snapshots import LearnerStateError
from rolltrain_tui.training.state.streams import Streams
from rolltrain_tui.training.state.wrappers import plain_model
from rolltrain_tui.training.tensors.any_batch import examples_in, pick
from rolltrain_tui.training.writing_learner import WritingLearner

STREAMS = ("target_noise", "weight_noise", "sample")
"""One random generator for each purpose. The loader has its own seeds, one for each epoch (see `batches`)."""
MOST_SKIPPED = 1000
"""Micro-batches in a row for which a training step may give no loss."""
PROBE_BATCHES = 2
"""Micro-batches of the training data that every examination reads: the two halves of its gradient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingParts:
    """What a program brings along to be trained."""

    model: nn.Module
    optimizer: Optimizer
    scheduler: Any
    criterion: Criterion
    tokenizer: Any = None


class ModuleLearner(WritingLearner):
    """`train` and `validation` are loaders, anything that can be iterated again and again; validation may be None.

    LossError and LoaderError, in words, when the first batch of either gives no loss.
    """

    kind = "module"
    config: ModuleConfig
    schedule: ModuleSchedule

    def __init__(self, config: ModuleConfig, work: TrainingParts, train: Iterable[Any] | Batches, validation: Iterable[Any] | None) -> None:
        self.work, self.criterion = work, work.criterion

        # The data. Only the place in it is the learner's; a twin shares the loaders.
        self.batches = train if isinstance(train, Batches) else Batches(train, config.seed)
        self.validation = validation
        if validation is not None and read_once(validation):
            raise LoaderError("the validation data loader can be read only once, and each evaluation reads it; give a list or a DataLoader")
        if validation is not None and length_of(validation) == 0:
            raise LoaderError(NO_VALIDATION)
        self.place: Place = (0, 0)
        """Place of the next micro-batch."""

        # The optimiser and its schedule, the streams, and the levers on all of them. Wrappers are called, and not looked into.
        model, parameters = plain_model(work.model), learning(work.optimizer)
        every = config.trained.epoch if config.trained.scheduler_every == "epoch" else 1
        super().__init__(
            config,
            model=model,
            optimizer=work.optimizer,
            parameters=parameters,
            layers=layers_of(model, parameters),
            schedule=ModuleSchedule(work.optimizer, work.scheduler, every, config.trained.epoch),
            clip=config.trained.clip,
            streams=Streams(config.seed, STREAMS, self.criterion.device, dropout=True, host=True),  # any module may have dropout
            dtype=getattr(torch, config.trained.dtype),
            usual_amount=config.micro_batches,
            objective=config.objective,
        )
        self._scaled_as_update = type(self.optimizer) in BY_COORDINATE or math.isnan(rate_of(self.optimizer))
        if not self.model.training:  # as from_pretrained leaves it; else each module keeps the mode that it has
            self.work.model.train()
        to_training_mode(self.optimizer)
        self.optimizer.zero_grad()  # gradients from before the training must not enter the first step
        self._held: list[tuple[nn.Module, dict[str, Tensor | None]]] = []
        """Where this turn began: the modules with buffers, such as the running statistics of batch norms."""
        self._is_copy = False
        """Its micro-batches are read by another learner too."""
        self._reached = False
        """A gradient has reached the weights that learn."""
        self._info = self._look()

    def remember(self, evaluation: Evaluation) -> None:
        self.schedule.heard(evaluation.value)
        super().remember(evaluation)

    def info(self) -> LearnerInfo:
        return self._info

    def _look(self) -> LearnerInfo:
        """Look at the first micro-batch, by one forward pass without a trace: what it costs, and which levers it can serve."""
        for raw in self._probes():  # read now, while the data are at their beginning: some loaders can be read only once
            first = self.criterion.ready(raw)
            with contextlib.suppress(SkippedBatchError):
                self._gflop, output = self._cost_of(first)
                break
        else:
            raise LossError("training_step gave no loss for the first batches; give one at least for the first")
        size = examples_in(first)
        self._examples = size
        unavailable_levers = {} if size is not None and size > 1 else {"drop_worst": _WHOLE}
        if size is None or size < 2:
            unavailable_levers |= {"batch_factor": _WHOLE, "extra_batch_factor": _WHOLE} if self.config.micro_batches == 1 else {}
        if self._labels_of(first) is None:
            unavailable_levers["target_noise"] = "its batches have no labels of whole numbers that noise could replace"
        if math.isnan(rate_of(self.optimizer)):
            unavailable_levers["decay_factor"] = "its optimiser works out the learning rate by itself, and its weight decay with it"
        writes = self.work.tokenizer is not None and hasattr(self.model, "generate") and hasattr(self.work.tokenizer, "decode")
        parameters, classes = sum(p.numel() for p in self.model.parameters()), classes_of(output, self.criterion.target_of(first))
        return LearnerInfo(
            parameters=parameters,
            model=f"{parameters:,} {plural(parameters, 'weight')}" + (f", {classes} answers" if classes else ""),
            objective=replace(self.objective, chance=math.log(classes) if classes else None),
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
        with self.at_rest(), self.autocast():
            counter = FlopCounterMode(display=False)
            try:
                with counter, warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "Using `torch.compile")  # the counter's hooks are gone before the first turn
                    _, output = self.criterion(self.work.model, batch)
                return counter.get_total_flops() / 1e9, output
            except ValueError:
                raise
            except Exception:  # a model that the counter cannot follow: two operations for each weight and token
                _, output = self.criterion(self.work.model, batch)
                return 2e-9 * sum(p.numel() for p in self.model.parameters()) * _tokens_in(batch), output

    def step(self, effect: StepEffect) -> StepReport:
        self._reread()
        if self._scaled_as_update and effect.lr_scale != 1:
            # Where the update is proportional to the learning rate, this is the same step, measured without a second one to compare.
            # And where the optimiser works its rate out, there is no other way.
            effect = replace(effect, lr_scale=1.0, update_scale=effect.update_scale * effect.lr_scale)
        self._held = [(module, dict(module._buffers)) for module in self.model.modules() if module._buffers]
        try:
            report = super().step(effect)
        except BaseException:  # buffers that the forward pass replaced go back too
            for module, buffers in self._held:
                module._buffers.update(buffers)
            raise
        self.batches.remove(self.place)
        return report

    def running(self, effect: StepEffect) -> Collection[Tensor]:
        return [buffer for _, buffers in self._held for buffer in buffers.values() if buffer is not None]

    def _reread(self) -> None:
        """Groups may join the optimiser, and layers thaw."""
        if (before := self.levers.reread()) is not None:
            self.memory.layers = layers_of(self.model, self.levers.parameters)
            self.memory.parameters_changed(before)

    # -----------------------------------------------------------------------------------------------------------------
    # The gradient of a batch

    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Read `factor` times a turn's micro-batches, and leave the mean of their mean gradients in `.grad`."""
        parts, scales = self._parts(factor), effect.micro_scales
        assert not scales or len(scales) == self.config.micro_batches, f"{len(scales)} micro_scales for another number of micro-batches"
        if factor == 1:  # a plain window ends where its epoch ends
            parts = parts[: self.batches.left(self.place, len(parts))]
            scales = scales[: len(parts)]
        batch = BatchGradient()
        kept = self._without_the_worst(parts, effect.drop_worst, batch) if effect.drop_worst else None
        sums, loss = GradientSum(self.levers.parameters, scales, len(parts)), 0.0
        for j, part in enumerate(parts):
            self.stop_if_asked()
            micro = self._read(part) if kept is None else kept[j]
            if micro is None:  # all of its examples were among the worst
                continue
            weight = part / sum(parts)  # a part of a micro-batch counts as much less
            micro, found = self._descend(micro, part, effect.target_noise, weight, batch)
            loss += found * weight
            batch.tokens += _tokens_in(micro)
            batch.amount += part
            sums.add(j)
        batch.plain = sums.finish()
        self._reread()
        self._reached = self._reached or any(p.grad is not None for p in self.levers.parameters)
        if not self._reached:
            raise LossError(
                "no gradient leads from the loss to the weights that the optimizer holds; compute the loss from the output of this model"
            )
        if kept is None:
            batch.loss = loss
        return batch

    def gflop(self, batch: BatchGradient) -> float:
        return (3 * batch.amount + batch.scored) * self._gflop

    def _parts(self, factor: float) -> list[float]:
        """How much of each micro-batch is read: whole ones, then part of one where the loader's batches can be divided."""
        wanted = self.config.micro_batches * factor
        size = self._examples
        if size is None or size < 2:
            return [1.0] * max(1, round(wanted))
        whole = math.floor(wanted + 1e-9)  # 3 x 1/3 is a whole micro-batch
        rest = round((wanted - whole) * size) / size
        return [1.0] * whole + ([rest] if rest else []) or [1 / size]

    def _read(self, part: float = 1.0) -> Any:
        """The next micro-batch, or the first part of it."""
        raw, self.place = self.batches.at(self.place)
        micro = self.criterion.ready(own_batch(raw) if self._is_copy else raw)
        size = examples_in(micro)
        return micro if part == 1 or size is None else pick(micro, torch.arange(max(1, round(part * size))))

    @torch.no_grad()
    def _without_the_worst(self, parts: list[float], drop: int, batch: BatchGradient) -> list[Any]:
        """The turn's micro-batches without the `drop` examples of highest loss; None for one of which nothing stays."""
        micros, losses = [], []
        with self.at_rest(), self.autocast():
            for part in parts:
                self.stop_if_asked()
                micros.append(self._read(part))
                own = one_by_one(self.criterion, self.work.model, micros[-1])
                assert own is not None, "drop_worst is not served for batches without examples"
                losses.append(own.float())
        stays = drop_worst(torch.cat(losses), drop, batch)  # (B,)
        batch.scored = sum(parts)
        kept = [own.nonzero().flatten() for own in torch.split(stays, [len(own) for own in losses])]
        return [pick(micro, own) if len(own) else None for micro, own in zip(micros, kept, strict=True)]

    def _descend(self, micro: Any, part: float, noise: float, weight: float, batch: BatchGradient) -> tuple[Any, float]:
        """Add weight x the gradient of the micro-batch's loss to `.grad`. The micro-batch, and its raw loss, on the true targets.

        Where the training step gives no loss, the next micro-batch takes its place.
        """
        for _ in range(MOST_SKIPPED):
            with contextlib.suppress(SkippedBatchError):
                return micro, self._descend_one(micro, noise, weight, batch)
            micro = self._read(part)
        raise LossError(f"training_step gave no loss for {MOST_SKIPPED} batches in a row; give one for some of them")

    def _descend_one(self, micro: Any, noise: float, weight: float, batch: BatchGradient) -> float:
        with self.autocast():
            if noise:
                with torch.no_grad():
                    raw = self.criterion(self.work.model, micro)[0].item()
                micro, replaced, targets = self._noisy(micro, noise)
                batch.replaced, batch.targets, batch.scored = batch.replaced + replaced, batch.targets + targets, batch.scored + 1
            loss, _ = self.criterion(self.work.model, micro)
        led_back(loss)
        (loss if weight == 1 else loss * weight).backward()
        return raw if noise else loss.item()

    def _noisy(self, batch: Any, fraction: float) -> tuple[Any, int, int]:
        """A copy of a batch in which that fraction of the labels is drawn anew from all of its labels; how many, and of how many.

        From its own labels, since the classes of a module are not known; so the noise keeps their frequencies.
        """
        labels = self._labels_of(batch)
        assert labels is not None, "target_noise is not served for batches without labels"
        noisy = labels.flatten().clone()
        counted = (noisy >= 0).nonzero().flatten().cpu()  # labels below zero are left out of the loss
        places, others = (counted[own].to(noisy.device) for own in swaps(len(counted), fraction, self.streams["target_noise"]))
        noisy[places] = noisy[others]
        return self.criterion.with_target(batch, noisy.view(labels.shape)), len(places), len(counted)

    def _labels_of(self, batch: Any) -> Tensor | None:
        """The whole-number labels of a batch, where it has some."""
        labels = self.criterion.target_of(batch) if not isinstance(batch, Tensor) else None
        return labels if isinstance(labels, Tensor) and not labels.is_floating_point() and labels.numel() > 1 else None

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation

    @torch.no_grad()
    def evaluate(self, count: int) -> Evaluation:
        """Loss on the first `count` examples of the validation data, or batches where only the mean of a batch is known.

        Without validation data, on the first micro-batches of the training data.
        """
        loader = self.validation if self.validation is not None else self._probes()
        with self.at_rest(), self.autocast():
            found = evaluate_on(self.criterion, self.work.model, loader, self.config.seed, count)
        return replace(found, gflop=found.gflop * self._gflop)

    def _probes(self) -> list[Any]:
        """Copies of the first micro-batches of the training data, always the same; read once, and shared with twins."""
        batches = self.batches
        if not batches.probes:
            batches.probes = [own_batch(batches.at((0, i))[0]) for i in range(batches.left((0, 0), PROBE_BATCHES))]
        return list(map(own_batch, batches.probes))

    # -----------------------------------------------------------------------------------------------------------------
    # Examination

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on the same few micro-batches each time."""
        train = [self.criterion.ready(raw) for raw in self._probes()]

        def loss_of(micro: Any) -> Tensor:
            with self.autocast():
                return led_back(self.criterion(self.work.model, micro)[0])

        with self.at_rest():
            found = probe(self.model, self.levers.parameters, train, loss_of)
        batch = (found.half or 1) * self.config.micro_batches
        return self.examined(evaluation, found, batch=batch, gflop=3 * len(train) * self._gflop)

    # -----------------------------------------------------------------------------------------------------------------
    # Its voice

    def sample(self, characters: int, *, temperature: float, top_k: int | None, prompt: str = "") -> str:
        """What the model writes after `prompt`, where it writes; tokens are cut to `characters` of text."""
        model, tokenizer = self.model, self.work.tokenizer
        tokens = tokenizer(prompt or "\n", return_tensors="pt")
        idx = tokens["input_ids"].to(self.device)
        longest = getattr(getattr(model, "config", None), "max_position_embeddings", None)
        room = max(1, characters // 4) if longest is None else max(1, min(characters // 4, longest - idx.shape[1]))
        seed = int(torch.randint(2**62, (1,), generator=self.streams["sample"]))
        with torch.random.fork_rng(), self.at_rest(), torch.no_grad():
            torch.manual_seed(seed)
            told = model.generate(  # type: ignore[operator]
                idx, max_new_tokens=room, do_sample=True, temperature=temperature, top_k=top_k or 0
            )
        text: str = tokenizer.decode(told[0, idx.shape[1] :], skip_special_tokens=True)
        return text[:characters]

    # -----------------------------------------------------------------------------------------------------------------
    # Its own state, and copies

    def own_state(self) -> dict[str, Any]:
        chance = self.batches.starts.get(self.place[0])
        return {"place": list(self.place)} | ({"chance": chance} if chance else {})

    def check_own_state(self, state: Mapping[str, Any]) -> None:
        place = state.get("place")
        if not isinstance(place, list) or len(place) != 2 or not all(isinstance(n, int) for n in place):
            raise LearnerStateError(f"the saved state stands at {place!r} of its data; that must be an epoch and a count of micro-batches")

    def take_own_state(self, state: Mapping[str, Any]) -> None:
        epoch, read = state["place"]
        self.place = (epoch, read)
        if "chance" in state:
            self.batches.starts[epoch] = state["chance"]

    def fork(self) -> Self:
        """An independent copy that sees the same micro-batches from here on; only the loaders are shared."""
        with warnings.catch_warnings(), copying(self.model) as memo:
            warnings.simplefilter("ignore")  # a copied scheduler warns that it does not know whether its optimiser was called
            model = copy.deepcopy(self.work.model, memo)
            # A module that copies itself, as a scripted one, tells the memo nothing; the copied optimiser would have other parameters.
            memo |= {id(p): own for p, own in zip(self.work.model.parameters(), model.parameters(), strict=True)}
            optimizer = twin_of(self.optimizer, memo)
            scheduler = copy.deepcopy(self.work.scheduler, memo)
        work = replace(self.work, model=model, optimizer=optimizer, scheduler=scheduler)
        twin = self.copy_into(type(self)(self.config, work, self.batches, self.validation))
        twin._is_copy = True
        return twin


# ---------------------------------------------------------------------------------------------------------------------
# Batches of any form

_WHOLE = "its batches cannot be taken apart into examples"


def _tokens_in(batch: Any) -> int:
    """Tokens where there are any, else examples, else one."""
    ids = batch.get("input_ids") if isinstance(batch, dict) else None
    return ids.numel() if isinstance(ids, Tensor) else examples_in(batch) or 1
