"""Fine-tuning of a Hugging Face model, read from top to bottom.

Its material, the learner's parts, the gradient of a batch, evaluation, examination, its voice, and what it keeps of its own. The turn
itself, with undo, levers, memory and report, is `training.levered_learner`.

Shapes: B sequences, T tokens, V tokens in the vocabulary, C classes.
"""

import copy
import dataclasses
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from rolltrain_tui.modes.finetune import voice
from rolltrain_tui.modes.finetune.config import FinetuneConfig
from rolltrain_tui.modes.finetune.diagnosis import PROBE, layers_of
from rolltrain_tui.modes.finetune.lessons import LABELS, Batch, Place, Reader, parts, tokens_in
from rolltrain_tui.modes.finetune.loading import Loaded, context_of
from rolltrain_tui.modes.finetune.tokens import Told
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepReport
from rolltrain_tui.training.batch_gradient import BatchGradient, GradientSum, drop_worst, micro_batches
from rolltrain_tui.training.levered_learner import evaluating
from rolltrain_tui.training.levers.noise import replace_targets
from rolltrain_tui.training.levers.sampled_levers import LARGE
from rolltrain_tui.training.machine.machine import use_threads
from rolltrain_tui.training.optimizers.prescribed import prescribed
from rolltrain_tui.training.probe import peaks_in, probe
from rolltrain_tui.training.state.snapshots import LearnerStateError
from rolltrain_tui.training.state.streams import Streams
from rolltrain_tui.training.tensors.any_batch import pick
from rolltrain_tui.training.tensors.measures import ALIVE
from rolltrain_tui.training.tensors.update_buffers import lay_side_by_side
from rolltrain_tui.training.writing_learner import WritingLearner

STREAMS = ("target_noise", "weight_noise", "sample")
"""One random generator for each purpose. Each epoch's order has its own seed (see `lessons`)."""
EVALUATION_TOKENS = 2048
"""Tokens per forward pass of an evaluation."""
EVALUATION_LOGITS = 2**26
"""Numbers that such a pass may put out: 256 MiB. A large vocabulary makes it shorter."""
SHOWN = 2
"""Examples that a classifier shows each time."""

# ---------------------------------------------------------------------------------------------------------------------
# Its material


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a campaign brings along to be trained. A twin has a model of its own, and shares the rest."""

    model: nn.Module
    tokenizer: Any
    reader: Reader
    shows: Sequence[tuple[str, int]]
    """Texts of the validation set with their labels; none for a language model."""
    sha256: str
    """Hash of the model's files and of the data."""
    reading: str
    """Hash of the tokens that the data was read as."""
    note: str
    forward: float
    """GFLOP for each token that is read."""
    alive: Mapping[str, Tensor]
    """Which hidden units were alive before this run, by the name of their module. A ready model has dead ones of its own."""
    training: float
    """GFLOP for each token that is trained on. Frozen weights need no gradient, so it may be less than three times as much."""

    @classmethod
    def of(cls, config: FinetuneConfig, loaded: Loaded, told: Told, model_sha256: str, device: torch.device) -> Self:
        model = loaded.model.to(device)
        reader = Reader(told.lessons, config.seed)
        forward, training = _cost(model, reader.probe(1))
        return cls(
            model=model,
            tokenizer=loaded.tokenizer,
            reader=reader,
            shows=told.shows,
            sha256=hashlib.sha256(f"{model_sha256} {told.sha256}".encode()).hexdigest(),
            reading=told.reading,
            note=" ".join(filter(None, (loaded.note, told.note, *config.warnings))),
            alive=_alive(model, reader),
            forward=forward,
            training=training,
        )

    def copied(self) -> Self:
        """With a copy of what learns. What is frozen never changes, and is shared."""
        frozen = {id(p): p for p in self.model.parameters() if not p.requires_grad}
        return replace(self, model=copy.deepcopy(self.model, frozen))


def _cost(model: nn.Module, batch: Batch) -> tuple[float, float]:
    """GFLOP for each token of a forward pass, and of one with its gradient, as PyTorch counts them on one sequence."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    tokens = tokens_in(batch)
    with evaluating(model):
        with FlopCounterMode(display=False) as read:
            loss = losses(model, batch).mean()
        with FlopCounterMode(display=False) as trained:
            torch.autograd.grad(loss, parameters, allow_unused=True)
    forward = read.get_total_flops()
    return forward / tokens / 1e9, (forward + trained.get_total_flops()) / tokens / 1e9


def _halves(reader: Reader) -> list[Batch]:
    """The sequences of the two halves of an examination's gradient; one batch where there are no two."""
    train = reader.probe(PROBE)
    half = max(1, len(train[LABELS]) // 2)
    return [pick(train, torch.arange(first, first + half)) for first in (0, half) if first + half <= len(train[LABELS])]


@torch.no_grad()
def _alive(model: nn.Module, reader: Reader) -> dict[str, Tensor]:
    with evaluating(model), peaks_in(model) as peaks:
        for batch in _halves(reader):
            _logits(model, batch)
    return {name: peaks[module] > ALIVE for name, module in model.named_modules() if module in peaks}


def losses(model: nn.Module, batch: Batch) -> Tensor:
    """The mean loss of each sequence: (B,)."""
    logits, labels = _logits(model, batch), batch[LABELS]  # (B, T, V) and (B, T), or of a classifier (B, C) and (B,)
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none").view(len(labels), -1).mean(dim=1)


def _logits(model: nn.Module, batch: Batch) -> Tensor:
    """(B, T, V), or (B, C) of a classifier; in float32 also where the products were not."""
    output: Any = model(**{name: value for name, value in batch.items() if name != LABELS})
    logits: Tensor = output.logits
    return logits.float()


def _mean_loss(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten())


# ---------------------------------------------------------------------------------------------------------------------
# The learner's parts


class FinetuneLearner(WritingLearner):
    """A model from a folder that learns on. Sets the number of torch threads of the process."""

    kind = "finetune"
    config: FinetuneConfig

    def __init__(self, config: FinetuneConfig, material: Material) -> None:
        self.material, self.reader, self.lessons = material, material.reader, material.reader.lessons
        model = material.model
        device = next(model.parameters()).device
        self.place: Place = (0, 0)
        """Place of the next sequence."""

        # What learns lies in one piece, so that a lever's pass over it is one call.
        parameters = [p for p in model.parameters() if p.requires_grad]
        lay_side_by_side(parameters)
        self.threads = use_threads(config.device.threads, config.batch.sequences * config.model.length * material.training * 1e9)

        # The optimiser, its schedule, the streams, and the levers on all of them
        super().__init__(
            config,
            model=model,
            **prescribed(model, config),
            parameters=parameters,
            layers=layers_of(model, parameters),
            streams=Streams(config.seed, STREAMS, device, dropout=True),  # most of these models have some
            usual_amount=config.batch.sequences * config.batch.accumulation,
            sampled=sum(p.numel() for p in parameters) >= LARGE,
            objective=dataclasses.replace(config.objective, chance=math.log(self.lessons.answers)),
        )

    def info(self) -> LearnerInfo:
        weights = sum(p.numel() for p in self.model.parameters())
        learning = sum(p.numel() for p in self.levers.parameters)
        batch, config = self.config.batch, self.config
        tokens = batch.sequences * batch.accumulation * config.model.length
        own = f", {learning:,} of them learn" if learning < weights else ""
        return LearnerInfo(
            parameters=weights,
            model=f"{weights:,} weights{own}, {self.lessons.answers:,} {'tokens' if config.model.task == 'causal_lm' else 'labels'}",
            objective=self.objective,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            threads=self.threads,
            tokens_per_turn=tokens,
            gflop_per_turn=tokens * self.material.training,
            data_sha256=f"{self.material.sha256} {self.material.reading}",
            note=f"{self.material.note} {self.dtype_note}".strip(),
        )

    def step(self, effect: StepEffect) -> StepReport:
        # Both optimisers move in proportion to the learning rate: the same step, measured without a second one to compare
        return super().step(replace(effect, lr_scale=1.0, update_scale=effect.update_scale * effect.lr_scale))

    # -----------------------------------------------------------------------------------------------------------------
    # The gradient of a batch

    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Read `factor` times the usual number of sequences, in micro-batches of the usual size and the rest in a smaller one."""
        config = self.config.batch
        sizes = micro_batches(config.sequences, config.accumulation, factor, effect.micro_scales)

        batch = BatchGradient()
        kept = self._without_the_worst(sizes, effect.drop_worst, batch) if effect.drop_worst else None
        total = sum(sizes) if kept is None else sum(len(micro[LABELS]) for micro in kept)
        sums, loss = GradientSum(self.levers.parameters, effect.micro_scales, len(sizes)), 0.0
        for j, size in enumerate(sizes):
            self.stop_if_asked()
            micro = self._read(size) if kept is None else kept[j]
            count = len(micro[LABELS])
            if not count:
                continue
            weight = count / total  # micro-batches may differ in size: the mean is over sequences
            loss += self._descend(micro, effect.target_noise, weight, batch).item() * weight
            batch.tokens += tokens_in(micro)
            batch.targets += micro[LABELS].numel()
            batch.amount += count
            sums.add(j)
        batch.plain = sums.finish()
        if kept is None:
            batch.loss = loss
        return batch

    def gflop(self, batch: BatchGradient) -> float:
        return batch.tokens * self.material.training + batch.scored * self.material.forward

    @torch.no_grad()
    def _without_the_worst(self, sizes: list[int], drop: int, batch: BatchGradient) -> list[Batch]:
        """The micro-batches without the `drop` sequences of highest loss. Ranking them reads all once more, without dropout."""
        micros, ranked = [], []
        with self.at_rest(), self.autocast():
            for size in sizes:
                self.stop_if_asked()
                micros.append(self._read(size))
                ranked.append(losses(self.model, micros[-1]))
        stays = drop_worst(torch.cat(ranked), drop, batch)  # (B,)
        batch.scored = sum(map(tokens_in, micros))
        return [pick(micro, own.nonzero().flatten()) for micro, own in zip(micros, torch.split(stays, sizes), strict=True)]

    def _read(self, sequences: int) -> Batch:
        batch, self.place = self.reader.take(self.place, sequences)
        return batch

    def _descend(self, micro: Batch, noise: float, weight: float, batch: BatchGradient) -> Tensor:
        """Add weight x the gradient of the loss to `.grad`. The loss on the true labels."""
        labels = micro[LABELS]
        with self.autocast():
            logits = _logits(self.model, micro)
        if noise:
            noisy, replaced = replace_targets(labels, noise, self.lessons.answers, self.streams["target_noise"])
            batch.replaced += replaced
            loss, raw = _mean_loss(logits, noisy), _mean_loss(logits.detach(), labels)
        else:
            loss = _mean_loss(logits, labels)
            raw = loss.detach()
        (loss if weight == 1 else loss * weight).backward()
        return raw

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation

    @torch.no_grad()
    def evaluate(self, count: int) -> Evaluation:
        """Loss on the first `count` sequences of the validation set, which has an order of its own."""
        tokens, found = 0, []
        with self.at_rest(), self.autocast():
            for first, last in self._chunks(count):
                batch = self.lessons.validation(first, last)
                tokens += tokens_in(batch)
                found.append(losses(self.model, batch))
        values = torch.cat(found)
        n = len(values)
        return Evaluation(
            value=values.mean().item(),
            standard_error=values.std().item() / math.sqrt(n) if n > 1 else math.inf,
            count=n,
            gflop=tokens * self.material.forward,
            values=tuple(values.tolist()),
        )

    def _chunks(self, count: int) -> list[tuple[int, int]]:
        wide = self.lessons.answers if self.config.model.task == "causal_lm" else 1
        size = max(1, min(EVALUATION_TOKENS, EVALUATION_LOGITS // wide) // self.config.model.length)
        return list(parts(min(count, self.lessons.validated), size))

    # -----------------------------------------------------------------------------------------------------------------
    # Examination

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on the same few sequences each time."""
        values = (evaluation.values or self.evaluate(PROBE).values)[:PROBE]
        here = replace(evaluation, values=values, gflop=len(values) * self.config.model.length * self.material.forward)
        halves = _halves(self.reader)

        def loss_of(batch: Batch) -> Tensor:
            with self.autocast():
                return losses(self.model, batch).mean()

        with self.at_rest(), peaks_in(self.model) as peaks:
            found = probe(self.model, self.levers.parameters, halves, loss_of)
        dead = {name: peaks[module] <= ALIVE for name, module in self.model.named_modules() if module in peaks}
        died = [now[was] for name, was in self.material.alive.items() if (now := dead.get(name)) is not None and now.shape == was.shape]
        batch = self.config.batch.sequences * self.config.batch.accumulation
        return self.examined(here, replace(found, dead=died), batch=batch, gflop=sum(map(tokens_in, halves)) * self.material.training)

    # -----------------------------------------------------------------------------------------------------------------
    # Its voice

    def perform(self) -> str:
        """Write as much as the campaign's speech section says; a classifier judges some texts of the validation set."""
        if self.config.model.task == "causal_lm":
            return super().perform()
        chunks = self._chunks(self.config.evaluation.sequences)
        with torch.no_grad(), self.at_rest(), self.autocast():
            found = [_logits(self.model, self.lessons.validation(first, last)).softmax(1).cpu() for first, last in chunks]
        probabilities = torch.cat(found).nan_to_num(0.0)
        drawn = torch.randperm(len(probabilities), generator=self.streams["sample"])[:SHOWN].tolist()
        shows, labels = self.material.shows[: len(probabilities)], self.config.data.labels or ()
        return voice.judged(probabilities, shows, labels, drawn, self.config.speech.characters)

    def sample(self, characters: int, *, temperature: float, top_k: int | None, prompt: str = "") -> str:
        """What the model writes after `prompt`, which is not repeated; an empty prompt is the beginning of a text."""
        tokenizer = self.material.tokenizer
        with self.at_rest(), self.autocast():
            return voice.write(
                self.model,
                lambda ids: tokenizer.decode(ids, skip_special_tokens=True),
                self._start(prompt),
                characters=characters,
                temperature=temperature,
                top_k=top_k,
                room=context_of(self.model),
                end=tokenizer.eos_token_id,
                stream=self.streams["sample"],
            )

    def _start(self, prompt: str) -> Tensor:
        """(1, T): the prompt's tokens; else the one that begins a text; else one that the validation text begins with."""
        tokenizer = self.material.tokenizer
        if ids := tokenizer(prompt, add_special_tokens=False)["input_ids"] if prompt else []:
            return torch.tensor([ids], device=self.device)
        if (begin := tokenizer.bos_token_id) is not None and begin < self.lessons.answers:
            return torch.tensor([[begin]], device=self.device)
        return self.lessons.validation(0, 1)["input_ids"][:, :1]

    # -----------------------------------------------------------------------------------------------------------------
    # Its own state, and copies

    def own_state(self) -> dict[str, Any]:
        """The place in the data; the hash says which model and data they are."""
        return {"place": list(self.place), "data": self.material.sha256}

    def check_own_state(self, state: Mapping[str, Any]) -> None:
        if state.get("data") != self.material.sha256:
            raise LearnerStateError("the saved state is of another model, or of other data; did the folder or the file change?")
        place = state.get("place")
        if not isinstance(place, list) or len(place) != 2 or not all(isinstance(n, int) and n >= 0 for n in place):
            raise LearnerStateError(f"the saved state stands at {place!r} of its data; that must be an epoch and a count of sequences")

    def take_own_state(self, state: Mapping[str, Any]) -> None:
        epoch, read = state["place"]
        self.place = (epoch, read)

    def fork(self) -> Self:
        """An independent copy that reads the same sequences from here on. What is frozen is shared."""
        return self.copy_into(type(self)(self.config, self.material.copied()))
