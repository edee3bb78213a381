"""Learning to play text adventures, read from top to bottom.

Schulman et al., Proximal policy optimization algorithms (2017), on whole commands:

    1. play             every few turns the games go on, by the player's own probabilities; what it thought of each move is noted
    2. reference        how likely the reference model found the same commands
    3. lessons          rewards become advantages and returns: the algorithm's `prepare`; 1 to 3 are in `experience.py`
    4. minibatch        some moves, each once before any comes again
    5. loss             the algorithm's `losses`, of the policy as it is now; their mean gives the gradient
    6. step             of the optimiser, under the levers: `training.levered_learner`
    7. coefficients     of the distance from the reference adapt: the algorithm's `stepped`

Chapters: the learner's parts; one turn; the gradient of a minibatch. The algorithms are in `algorithms/`, and how rows become minibatches
there too; how games are played is in `play.py`, who plays them in `player/`; evaluation, saves and copies in `apprentice.py`.

Shapes: B moves of a minibatch.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm, Told
from rolltrain_tui.modes.dungeon.algorithms.kl import KLCoefficients
from rolltrain_tui.modes.dungeon.algorithms.minibatch import noisy, ready, without_the_worst
from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.dials import Settings
from rolltrain_tui.modes.dungeon.dials_found import weights_found
from rolltrain_tui.modes.dungeon.exam import health
from rolltrain_tui.modes.dungeon.exam.exam import Exam
from rolltrain_tui.modes.dungeon.exam.exam_worlds import exam_of
from rolltrain_tui.modes.dungeon.experience import Experienced
from rolltrain_tui.modes.dungeon.games import buffer as kept
from rolltrain_tui.modes.dungeon.games.demonstrations import Demonstration
from rolltrain_tui.modes.dungeon.games.games import fresh
from rolltrain_tui.modes.dungeon.parts import algorithm_of, maker_of, objective_of, player_of, reading_of, rewards_of
from rolltrain_tui.modes.dungeon.player.choice import Choice
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.policy import Seen
from rolltrain_tui.modes.dungeon.player.reference import Reference
from rolltrain_tui.protocol.dials import told
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.training.batch_gradient import BatchGradient, GradientSum, micro_batches
from rolltrain_tui.training.machine.machine import pick_device, use_threads
from rolltrain_tui.training.optimizers.prescribed import prescribed
from rolltrain_tui.training.optimizers.schedules import TurnSchedule, learning_rate
from rolltrain_tui.training.probe import layers_of
from rolltrain_tui.training.state.streams import Streams, random_stream
from rolltrain_tui.training.tensors.update_buffers import lay_side_by_side

STREAMS = ("worlds", "play", "minibatches", "target_noise", "weight_noise", "sample")
"""One random generator for each purpose, so that a lever that draws numbers does not change which games are played."""

# ---------------------------------------------------------------------------------------------------------------------
# The learner's parts


class DungeonLearner(Experienced):
    """A language model that plays, and learns from its games."""

    schedule: TurnSchedule

    def __init__(self, config: DungeonConfig, base: Path, exam: Exam | None = None) -> None:
        """`base`: the folder that the campaign's own paths are relative to.

        `exam`: of the learner that this one is a copy of. Then it plays no games of its own, and waits for that one's state.
        """
        device = pick_device(config.device.device)
        self.base = base
        self.maker = maker_of(config)
        self.rewards = rewards_of(config)
        self.exam = exam or exam_of(config, self.maker)
        self.player, words, self.data_sha256 = player_of(config, self.maker, base, random_stream(config.seed, "init"))
        self.kl = kl = KLCoefficients(config.kl.loss, config.kl.reward)
        self.own: Algorithm = algorithm_of(config, words, kl)
        """The algorithm as the campaign has it."""
        self.algorithm = self.own
        self.demonstrations, self._lessons = (), None
        self.settings, self.since_order = Settings(), -1
        """How the dials stand; and the turn in which `every` was turned, until that was measured."""
        self.reading = reading_of(config, words, self.algorithm, self.rewards)
        model = nn.ModuleDict({"player": self.player, "kl": kl}).to(device)
        parameters = [p for p in self.player.parameters() if p.requires_grad]
        lay_side_by_side(parameters)
        self.reference = Reference(self.player) if self.algorithm.needs_reference or config.hf is None else None

        self.clock = 0
        """Turns taken; a rollback does not turn it back."""
        self.recent: health.Recent = ()
        """What the last turns told of the policy's shift."""
        self._dialled: Told = {}
        """What dials of this turn have measured so far."""
        self._began = False
        """Whether this turn has gathered its first batch."""
        self._told: Told = {}
        """Measurements of this turn's first batch."""
        self.flops = 0.0
        """Spent since the turn began."""
        self._trajectory = ()

        self.threads = use_threads(config.device.threads, 3 * config.batch.moves * self.usual_flops)
        super().__init__(
            config,
            model=model,
            **prescribed(self.player, config),
            parameters=parameters,
            layers=layers_of(model, parameters),
            streams=Streams(config.seed, STREAMS, device, dropout=config.model.dropout > 0 or config.hf is not None),
            usual_amount=config.batch.moves * config.batch.accumulation,
            objective=objective_of(config, self.exam),
            running=list(kl.buffers()),
        )
        self.games = fresh(self.maker, self._drawn_worlds(config.play.games).tolist())
        if exam is None:
            self._go_on()

    # -----------------------------------------------------------------------------------------------------------------
    # One turn

    def step(self, effect: StepEffect) -> StepReport:
        """See `LeveredLearner.step`; and what the minibatch told, under the names of trl. A turn that fails takes back its games."""
        before = self.clock, self.games, self.buffer, self.recent, self.settings, self.since_order
        unheard, demonstrations = self._trajectory, self.demonstrations
        self._began, self.flops, self._told, self._dialled = False, 0.0, {}, {}
        try:
            if effect.dials:
                self.settle(self.settings.turned(dict(effect.dials)))
            report = super().step(effect)
        except BaseException:
            self.clock, self.games, self.buffer, self.recent, settings, self.since_order = before
            self._trajectory = unheard
            self._show(demonstrations)
            self.settle(settings)
            raise
        if "rate" in dict(effect.dials):
            plain = learning_rate(self.turn - 1, self.config.turns, self.config.optimizer.learning_rate, self.config.schedule)
            self._dialled |= told("rate", self.settings.rate or 1.0, report.lr / plain)
        self.clock += 1
        self.recent = health.heard(self.recent, self._told)
        return replace(report, measured={**report.measured, **self._told, **self._dialled})

    def settle(self, settings: Settings) -> None:
        """Apply what the dials change besides the games."""
        self.settings = settings
        self.algorithm = self.own.weighed(entropy=settings.entropy, value=settings.value)
        self.schedule.peak = self.config.optimizer.learning_rate * (1.0 if settings.rate is None else settings.rate)

    @property
    def every(self) -> int:
        return self.config.play.every if self.settings.every is None else self.settings.every

    def _turn_dials(self, dials: Mapping[str, str]) -> None:
        """The dials of this turn that act on the games, and on what is kept beside the weights."""
        if "kl" in dials:
            self.kl.set_loss(self.config.kl.loss.coefficient if self.settings.kl is None else self.settings.kl)
        if "worlds" in dials:
            self.games = fresh(self.maker, self._drawn_worlds(self.config.play.games).tolist())
            found = sum(game.seed < self.worlds for game in self.games) / len(self.games)
            self._dialled |= told("worlds", 1.0, found, different=float(len({game.seed for game in self.games})))
        if "every" in dials:
            self.since_order = self.clock
        if dials.keys() & {"kl", "worlds", "every", "temperature", "again"}:
            self._go_on()
        if "demo" in dials:
            self._turn_demo(dials["demo"])
        if "again" in dials:
            self._dialled |= told("again", 0.0, float(self.clock - self.buffer.since))

    def _begin_turn(self, effect: StepEffect) -> None:
        """At fixed turns the games go on; after a return to older weights too, since its ratios would be to weights that are gone."""
        if effect.dials:
            self._turn_dials(dict(effect.dials))
        if (gap := self.clock - self.buffer.since) >= self.every or ((effect.rollback or effect.restore_best) and gap):
            if 0 <= self.since_order == self.buffer.since and gap:
                self._dialled |= told("every", float(self.every), float(gap))
                self.since_order = -1
            self._go_on()

    # -----------------------------------------------------------------------------------------------------------------
    # The gradient of a minibatch

    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Learn from `factor` times the usual number of moves, in micro-batches of the usual size and the rest in a smaller one."""
        self.stop_if_asked()
        first = not self._began
        if first:
            self._began = True
            self._begin_turn(effect)
            self._show(tuple(one for one in self.demonstrations if self.clock < one.until))
        usual = self.config.batch
        sizes = micro_batches(usual.moves, usual.accumulation, factor, effect.micro_scales)
        places, self.buffer = self.buffer.next(sum(sizes), self.streams["minibatches"])
        micros = [ready(self.buffer.rows, part, self.device) for part in torch.split(places, sizes)]  # 4
        if first and effect.dials:
            self._dialled |= weights_found(self, dict(effect.dials), micros[0])
        batch = BatchGradient()
        if effect.drop_worst:
            with torch.no_grad():  # ranking them reads all once more
                ranked = torch.cat([self.losses(rows)[0] for rows in micros])
            micros = without_the_worst(micros, ranked, effect.drop_worst, batch)
        total = sum(len(rows["action"]) for rows in micros)
        sums, noise = GradientSum(self.levers.parameters, effect.micro_scales, len(sizes)), effect.target_noise
        loss, measured = 0.0, Told()
        for j, rows in enumerate(micros):
            self.stop_if_asked()
            if not (size := len(rows["action"])):
                continue
            weight = size / total  # micro-batches may differ in size: the mean is over moves
            learned, mixed_up = noisy(rows, self.targets, noise, self.streams["target_noise"]) if noise else (rows, 0)
            batch.replaced += mixed_up
            losses, found = self.losses(learned)
            whole, imitated = self._with_others(losses.mean(), size)
            found |= imitated
            (whole * weight).backward()
            if noise:
                with torch.no_grad():
                    losses, plain = self.losses(rows)
                found |= plain
            loss += losses.detach().mean().item() * weight
            measured = {name: measured.get(name, 0.0) + value * weight for name, value in found.items()}
            batch.amount += size
            sums.add(j)
        batch.plain = sums.finish()
        batch.tokens = batch.targets = int(batch.amount)
        if not effect.drop_worst:
            batch.loss = loss
        self.algorithm.stepped(measured, int(batch.amount))  # 7
        if first:
            self._told = {**self.buffer.told, **measured}
        return batch

    def gflop(self, batch: BatchGradient) -> float:
        """Counted on the way: readings for games, for the reference and for learning."""
        return self.flops / 1e9

    def losses(self, rows: Mapping[str, Tensor]) -> tuple[Tensor, Told]:
        """5. The loss of each move: (B,)."""
        offers = Offers.of(rows)
        self.flops += (3 if torch.is_grad_enabled() else 1) * self.player.flops(offers)
        with self.autocast():
            seen: Seen = self.player(offers, self.temperature, prompt=self.algorithm.reads_prompts)
        now: Choice = seen.of(rows["action"])
        return self.algorithm.losses(now, rows)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that a move is learned towards. Where commands are written, an action is what was written."""
        own = self.algorithm.targets
        return ("commands", "words", "mask") if self.config.writing is not None and "action" in own else own

    def loss_of(self, rows: Mapping[str, Tensor]) -> Tensor:
        return self.losses(rows)[0].mean()

    def beginner(self) -> Self:
        return type(self)(self.config, self.base, self.exam)

    # -----------------------------------------------------------------------------------------------------------------
    # What is kept besides the weights

    def own_state(self) -> dict[str, Any]:
        dials: dict[str, Any] = {"dials": self.settings.state(), "since_order": self.since_order}
        if self.demonstrations:
            dials["demonstrations"] = [one.state() for one in self.demonstrations]
        return {"clock": self.clock, **dials, "recent": [list(turn) for turn in self.recent], **kept.own_state(self.games, self.buffer)}

    def take_own_state(self, state: Mapping[str, Any]) -> None:
        """Clock and games. The lessons are tensors, which `load_state`, `follow` and `step` put back."""
        self.clock, self.games = state["clock"], kept.standings(state)
        self._show(tuple(map(Demonstration.from_state, state.get("demonstrations", ()))))
        self._trajectory = self._trajectory if not self.clock else ()  # of the first games there is nothing told yet
        self.recent = tuple(tuple(map(float, turn)) for turn in state["recent"])
        self.settle(Settings.from_state(state["dials"]))
        self.since_order = state["since_order"]
