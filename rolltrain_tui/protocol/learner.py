"""The Learner protocol: what every trainable thing answers, and the numbers it answers with. No torch here."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from rolltrain_tui.base.statistics import mean_and_error
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import LayerReading


class NoCopyError(RuntimeError):
    """This learner can never be copied, so that it is no use to try again; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """What one turn did to the weights. Norms are Euclidean over all parameters.

    A loop that is not ours may skip the optimiser's step: then `skipped` is true.
    Measuring an update costs a copy of the weights, so a turn whose scalar hooks are all neutral does not: it takes the plain step, and
    its proposed_norm, applied_norm and k_effective are None. A turn with extra_steps reports the loss and
    gradient norm of its first batch, and norms and k_effective of all its updates side by side, as one long vector.
    """

    loss: float
    """Raw mean loss of the turn's batch, before any lever."""
    grad_norm: float
    """Norm of the plain mean gradient, before clipping and scaling."""
    lr: float
    """Learning rate the schedule gives, before lr_scale."""
    proposed_norm: float | None
    """Norm of the update that the optimiser proposed with every scalar hook neutral; None when it was not asked or not measured."""
    applied_norm: float | None
    """Norm of theta_after - theta_before, before noise is added; None when not measured."""
    k_requested: float
    k_effective: float | None
    """<applied, proposed> / <proposed, proposed>, measured from the weights; None when not measured."""
    weight_norm: float | None = None
    """Norm of the weights after the turn, where a lever needed it."""
    tokens: int
    gflop: float
    """Model FLOPs of the turn (forward and backward), in units of 1e9."""
    seconds: float
    """Wall-clock time; for display only, never part of the story."""
    finite: bool = True
    """False: loss or gradient was not finite and nothing was applied; a rollback asked for in the same turn stands."""
    optimizer_steps: int = 1
    """How often the optimiser was called."""
    measured: Mapping[str, float] = field(default_factory=dict)
    """What each non-scalar lever measured of itself, by lever name; further numbers of the same lever after a dot.

    agreeing_gain, cautious: growth of the coordinates that agree; .others, .share (of all weights), .struck (how many).
    norm_cap: norm of the update / cap; .cap, .before, .after. forget_momentum: norm of the first moments after; .before.
    heal_alpha: |theta' - mean| / |theta - mean|; .val_before, .val_after (evaluations). restore_best: value of the weights
    gone back to; .stored (what it was then), .age (evaluations ago). drop_worst: sequences dropped; .kept, .dropped (mean losses),
    .N (loss of the dropped sequence N of the batch). extra_batch_factor: size of the extra batches / the turn's.
    dial.NAME: what the dial NAME does, measured in the training; .asked (what it was turned to).
    """

    @property
    def skipped(self) -> bool:
        """The loop took no optimiser step: nothing is wrong, nothing was applied, and no k was felt."""
        return self.finite and self.optimizer_steps == 0 and self.k_effective is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The model on its fixed probe set, which it does not train on."""

    value: float
    """The value of the learner's objective: a mean over what was looked at."""
    standard_error: float
    """Standard error of that mean."""
    count: int
    """Sequences, examples, games or episodes that were looked at."""
    gflop: float
    values: tuple[float, ...] = ()
    """One for each of them, in the probe set's order, so that two learners can be compared one by one. Empty where they are not known."""
    overlap: float = 1.0
    """How often, on average, what they hold was looked at; 1: none holds a part of another. Standard errors grow with its root."""

    @classmethod
    def of(cls, values: Sequence[float], gflop: float = 0.0) -> Self:
        """The evaluation with these values, all equally important."""
        mean, error = mean_and_error(values)
        return cls(value=mean, standard_error=error, count=len(values), gflop=gflop, values=tuple(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a look at the model found, besides its loss; see `rules.health.signals` for the names. Nothing was changed, nothing drawn."""

    values: Mapping[str, float]
    """Signal -> value; NaN where it cannot be measured yet."""
    layers: tuple[LayerReading, ...]
    gflop: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerInfo:
    """What a learner is, for title lines and reports."""

    parameters: int
    model: str
    """What is trained, in a few words: "824,000 weights, 65 tokens"."""
    objective: Objective
    """What `evaluate` measures, with the values of knowing nothing and of perfection where they are known."""
    device: str
    dtype: str
    threads: int
    tokens_per_turn: int
    gflop_per_turn: float
    data_sha256: str = ""
    """Hash of what it learns from: the same hash, the same data. Empty where that is no fixed text. A second hash behind a space says how
    it is read, as by a tokenizer.
    """
    unavailable_levers: Mapping[str, str] = field(default_factory=dict)
    """Levers it cannot pull, each with the reason; none of them will be asked for."""
    mute: str = ""
    """Why it cannot perform; empty where it can."""
    note: str = ""
    """A sentence for the player about how the data was read; empty where there is nothing to say."""


class StepAbandoned(Exception):
    """The stop flag was raised inside a turn: nothing was applied and every stream is where it was before the turn."""


class Learner(Protocol):
    """Anything that can be trained turn by turn. Methods are called from one thread, the campaign's."""

    should_stop: Callable[[], bool]
    """Looked at before every micro-batch; True makes `step` raise StepAbandoned."""

    def info(self) -> LearnerInfo: ...

    def prepare(self, levers: Collection[str]) -> None:
        """Told once, before anything else, which levers may be asked for: those that look back (heal_alpha, restore_best, norm_cap)
        must be named here before they are pulled. What is not named costs nothing."""

    def remember(self, evaluation: Evaluation) -> None:
        """An evaluation on the way: keep the state it is of, where restore_best may be asked for; else nothing."""

    def step(self, effect: StepEffect) -> StepReport:
        """One turn: one optimiser step (and `extra_steps` more) under the levers of `effect`. Raises StepAbandoned."""

    def evaluate(self, count: int) -> Evaluation:
        """The objective on the first `count` of the fixed probe set. It changes nothing and draws nothing."""

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself. `evaluation` is of the weights as they stand, with its `values`."""

    def perform(self) -> str:
        """A show of what it can do, as text: what it writes, or plays. Drawn from a stream of its own. Raw: clean it before it is shown."""

    def snapshot(self) -> None:
        """Remember weights, moments and schedule as the place a rollback returns to."""

    def fork(self) -> Self:
        """An independent copy: same weights, moments, data stream; nothing it does touches the original. NoCopyError."""

    def follow(self, leader: Self) -> None:
        """Put every random stream where the leader's stands: the next step of both reads the same batch and draws the same noise."""

    def tensors(self) -> dict[str, Any]:
        """All tensor state by name (weights, moments, random streams, snapshot), ready for safetensors."""

    def state_dict(self) -> dict[str, Any]:
        """The rest of the state: plain JSON values."""

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Exact inverse of tensors() and state_dict(); ValueError when names, shapes or dtypes do not fit this learner."""

    def weights_sha256(self) -> str:
        """Hash of the weights' bytes in name order."""
