"""Deep Q-learning of the duel, read from top to bottom.

Mnih et al., Human-level control through deep reinforcement learning (2015), with the double estimator of van Hasselt et al. (2016):

    1. games            every few turns each game of training moves once, epsilon-greedily; its transition goes into the replay buffer
    2. target network   every so many turns theta⁻ <- tau theta + (1 - tau) theta⁻
    3. replay           a batch (s, a, r, s') is drawn from the buffer, each transition as likely
    4. targets          y = r + gamma Q⁻(s', argmax_a Q(s', a)) over legal moves a; y = r where the game is over
    5. loss             Huber of Q(s, a) - y; its mean gives the gradient
    6. step             of the optimiser, under the levers: `training.levered_learner`

Chapters: the algorithm's lines, for one role; the learner's parts; one turn; the gradient of a batch. What a role has, its networks, games
and replay buffer, is in `side.py`; how games go on in `experience.py`; whom they are against in `players/pool.py`; the arithmetic in
`qlearning.py`; how boards pass through networks in `networks/passes.py`; evaluation, saves and copies in `duellist.py`.

Shapes: B transitions, N points, d coordinates, A moves that a network rates.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.duellist import USUAL_POINTS, Duellist
from rolltrain_tui.modes.duel.health import Standing
from rolltrain_tui.modes.duel.networks.passes import Read
from rolltrain_tui.modes.duel.players.names import expanded, other
from rolltrain_tui.modes.duel.players.pool import Pool
from rolltrain_tui.modes.duel.players.saved import Saved
from rolltrain_tui.modes.duel.qlearning import follow, huber, huber_slopes, open_to, returns
from rolltrain_tui.modes.duel.schedule import DecaySchedule
from rolltrain_tui.modes.duel.side import Batch, Rival, Side
from rolltrain_tui.modes.duel.trials import Trials
from rolltrain_tui.modes.duel.turning import Orders, Told, begun_anew, of_games, of_targets, purged, seated, synced, turned
from rolltrain_tui.protocol.dials import told
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.training.batch_gradient import BatchGradient, GradientSum, drop_worst, micro_batches
from rolltrain_tui.training.levers.noise import swaps
from rolltrain_tui.training.machine.machine import pick_device, pick_dtype, use_threads
from rolltrain_tui.training.optimizers.schedules import build_optimizer
from rolltrain_tui.training.probe import layers_of
from rolltrain_tui.training.state.snapshots import Snapshot
from rolltrain_tui.training.state.streams import Streams
from rolltrain_tui.training.tensors.below_autograd import below_autograd
from rolltrain_tui.training.tensors.update_buffers import lay_side_by_side

STREAMS = ("play", "replay", "rival_play", "rival_replay", "target_noise", "weight_noise", "sample")
"""One random generator for each purpose, so that a lever that draws numbers does not change which games are played."""

Micro = tuple[Batch, Tensor, Read | None]
"""Transitions of a micro-batch, their targets, and their boards before the move."""

# ---------------------------------------------------------------------------------------------------------------------
# The algorithm's lines, for one role


def begin(side: Side, opponents: Mapping[str, Any], streams: Streams) -> None:
    """The first games."""
    side.tables = side.games.fresh(opponents, streams[side.play_stream])
    fill(side, 0, opponents, streams)


def fill(side: Side, turn: int, opponents: Mapping[str, Any], streams: Streams) -> None:
    """Play until the buffer holds as many transitions as the campaign begins with."""
    while len(side.replay) < side.config.table.initial and not side.replay.full:
        play(side, turn, opponents, streams)


def play(side: Side, turn: int, opponents: Mapping[str, Any], streams: Streams) -> None:
    """1. Every game moves once, and its transition goes into the replay buffer."""
    chance = streams[side.play_stream]
    side.tables, rows = side.games.move(side.tables, side.seat(side.nets.online), epsilon(side, turn), opponents, chance)
    side.replay.add(rows, turn)


def epsilon(side: Side, turn: int) -> float:
    """The part of its moves that is random: the schedule's, unless the player has turned that dial."""
    own = side.exploration
    return own.value(own.initial, turn) if side.settings.epsilon is None else side.settings.epsilon


def targets(side: Side, batch: Batch, after: Read) -> Tensor:
    """4. y: (B,). `after`: the boards of s'."""
    nets = side.nets
    judged = open_to(side.rated(nets.online if side.settings.double else nets.target, after), after.chosen)  # (B, A)
    value = side.rated_moves(nets.target, after, judged.argmax(dim=1)) if side.settings.double else judged.amax(dim=1)  # Q⁻(s', a'): (B,)
    return returns(batch["reward"], batch["over"], value, side.settings.gamma)


def descend(side: Side, batch: Batch, goals: Tensor, weight: float, before: Read | None = None, autocast: Any = None) -> Tensor:
    """5. The mean loss, (). The gradient of `weight` times it is added to `.grad`. `before`: the boards of s; None: not read yet."""
    if side.passes is None or autocast is not None:
        with autocast or nullcontext():
            loss = losses(side, batch, goals).mean()
        (loss * weight).backward()
        return loss.detach()
    net, boards = side.nets.online, before or side.read(batch["before"], batch.get("chosen"))
    side.flops += 3 * side.flops_of(boards, side.cost_of_one)
    with below_autograd():
        tape = side.passes.of_moves(net, boards.prepared, batch["action"])  # whose values are Q(s, a): (B,)
        side.passes.backward(net, tape, huber_slopes(tape.values, goals, weight))
        return huber(tape.values, goals)


def losses(side: Side, batch: Batch, goals: Tensor) -> Tensor:
    """The loss of each transition, whose target is its goal: (B,)."""
    side.flops += 3 * side.pass_flops(len(goals), batch["before"].shape[1])
    values = side.nets.online(batch["before"], batch["chosen"] if side.role == "agent" else None)  # Q(s, .): (B, A)
    own = values.float().gather(1, batch["action"][:, None])[:, 0]  # Q(s, a): (B,)
    return F.smooth_l1_loss(own, goals, reduction="none")


def rival_step(rival: Rival, turn: int, streams: Streams) -> None:
    """3 to 6 for a rival: one plain step of its own optimiser."""
    batch = rival.sample(rival.config.batch.transitions, streams)
    rival.set_rate(turn)
    rival.optimizer.zero_grad()
    before, after = rival.read_both(batch)
    descend(rival, batch, targets(rival, batch, after), 1.0, before)
    if (clip := rival.config.optimizer.clip) is not None:
        nn.utils.clip_grad_norm_(rival.parameters, clip)
    rival.optimizer.step()


# ---------------------------------------------------------------------------------------------------------------------
# The learner's parts


class DuelLearner(Duellist):
    """A host or an agent that learns to play, and the rival beside it where the campaign has one."""

    phases = ("games", "rival", "replay", "learning")

    def __init__(self, config: DuelConfig, trials: Trials | None = None, saved: Saved | None = None, *, first_games: bool = True) -> None:
        """`saved`: networks of other runs that the pools name. `first_games`: play them; a copy takes over those of its original.

        ValueError for layers or rewards that are not possible.
        """
        device, table = pick_device(config.device.device), config.table
        copies = config.rival.copies if config.rival is not None else 1
        self.side = Side(config, table.hero, expanded(table.opponents, copies), device)
        nets = self.side.nets
        parameters = list(nets.online.parameters())
        lay_side_by_side(parameters)
        self.rival = None
        if (own := config.rival) is not None:
            self.rival = Rival(config, other(table.hero), expanded(own.opponents, copies), device, learning_rate=own.learning_rate)
        self.sides = [self.side, self.rival] if self.rival is not None else [self.side]
        self.pool = Pool(self.sides, copies, saved or {})

        self.clock = 0
        self.orders, self.standing = Orders({}), Standing()
        self._began = False
        """Whether this turn has gathered its first batch."""
        self._told: Told = {}
        """What dials of this turn have measured so far."""
        self.trials = trials or Trials(table.hero, config.game, table.judges)

        self.threads = use_threads(config.device.threads, 5 * self.side.pass_flops(config.batch.transitions, USUAL_POINTS))
        optimizer = build_optimizer(nets.online, config.optimizer)
        super().__init__(
            config,
            model=nets,
            optimizer=optimizer,
            parameters=parameters,
            layers=layers_of(nets, parameters),
            schedule=DecaySchedule(optimizer, config.optimizer.learning_rate, config.decay),
            clip=config.optimizer.clip,
            streams=Streams(config.seed, STREAMS, device, dropout=False),
            dtype=pick_dtype(config.device.dtype),
            usual_amount=config.batch.transitions * config.batch.accumulation,
            objective=config.objective,
            running=list(nets.online.buffers()),
        )
        if first_games:
            for side in self.sides:
                begin(side, self.pool.against(side.role), self.streams)

    # -----------------------------------------------------------------------------------------------------------------
    # One turn

    def step(self, effect: StepEffect) -> StepReport:
        """See `LeveredLearner.step`. A turn that fails takes back its games, its copies and the rival's step as well."""
        older, settings, orders = self.pool.older, self.side.settings, self.orders
        for side in self.sides:
            side.mark()
        self._began, self._told = False, {}
        anew = ("reset", "") in effect.dials
        before = Snapshot.take(self.model, self.optimizer, self.schedule.place()) if anew else None
        try:
            if anew:
                self._told |= begun_anew(self.side, self.optimizer, self.clock)
            if effect.dials:
                turned_to, self.orders = turned(settings, orders, effect.dials, self.side, self.clock)
                self.settle(turned_to)
            report = super().step(effect)
        except BaseException:
            for side in self.sides:
                side.undo()
            if before is not None:
                before.put_back(self.model, self.optimizer)
            self.pool.older, self.orders = older, orders
            self.settle(settings)
            raise
        self.clock += 1
        if "rate" in self.orders.open:
            self._told |= told("rate", self.orders.asked("rate"), report.lr / self.schedule.rate(self.turn - 1))
            self.orders = self.orders.without("rate")
        return replace(report, measured={**report.measured, **self._told}) if self._told else report

    def _turn_dials(self, effect: StepEffect) -> None:
        """The dials of this turn that act on games, buffer and target network."""
        side, opponents = self.side, self.pool.against(self.side.role)
        dials = dict(effect.dials)
        if "pool" in dials:
            side.tables = side.games.fresh(opponents, self.streams[side.play_stream])
            self._told |= seated(side, side.settings.pool)
        if "purge" in dials:
            before = len(side.replay)
            side.replay.clear()
            fill(side, self.clock, opponents, self.streams)
            self._told |= purged(side, self.clock, before)
        if "sync" in dials:
            self._told |= synced(side)
        self.orders = self.orders.without("pool", "purge", "sync", "reset")

    def _begin_turn(self) -> None:
        """What happens at fixed turns, before the turn's first batch: games, target networks, older selves; and the rival's own step."""
        config = self.config
        with self._timed("games"):
            for side in self.sides:
                if self.clock % side.settings.every == 0:
                    play(side, self.clock, self.pool.against(side.role), self.streams)
        if self.orders.open and self.clock % self.side.settings.every == 0:
            found, self.orders = of_games(self.side, self.orders, self.clock, epsilon(self.side, self.clock))
            self._told |= found
        if self.target_moves:
            for side in self.sides:
                follow(side.nets.target, side.nets.online, config.learning.tau)  # 2
        if self.rival is not None and config.rival is not None:
            if self.clock % config.rival.copy_every == 0:
                self.pool.keep(self.clock // config.rival.copy_every)
            with self._timed("rival"):
                rival_step(self.rival, self.clock, self.streams)

    # -----------------------------------------------------------------------------------------------------------------
    # The gradient of a batch

    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Replay `factor` times the usual number of transitions, in micro-batches of the usual size and the rest in a smaller one."""
        if not self._began:
            self._began = True
            self.stop_if_asked()
            if effect.dials:
                self._turn_dials(effect)
            self._begin_turn()
        usual = self.config.batch
        sizes = micro_batches(usual.transitions, usual.accumulation, factor, effect.micro_scales)
        batch = BatchGradient()
        with self._timed("replay"), below_autograd():
            micros: list[Micro] = []
            for size in sizes:
                self.stop_if_asked()
                rows = self.side.sample(size, self.streams)
                before, after = self.side.read_both(rows)
                micros.append((rows, targets(self.side, rows, after), before))
        if self.orders.open:
            found, self.orders = of_targets(self.side, *micros[0][:2], self.orders)
            self._told |= found
        if effect.drop_worst:
            micros = self._without_the_worst(micros, effect.drop_worst, batch)
        kept = sum([goals.shape[0] for _, goals, _ in micros])
        sums, loss = GradientSum(self.levers.parameters, effect.micro_scales, len(sizes)), 0.0
        with self._timed("learning"):
            for j, (rows, goals, boards) in enumerate(micros):
                self.stop_if_asked()
                if not (count := goals.shape[0]):
                    continue
                weight = count / kept  # micro-batches may differ in size: the mean is over transitions
                noisy = self._noisy(goals, effect.target_noise, batch) if effect.target_noise else goals
                mean = descend(self.side, rows, noisy, weight, boards, self.autocast() if self.dtype != torch.float32 else None)
                if effect.target_noise:
                    with torch.no_grad(), self.autocast():
                        mean = losses(self.side, rows, goals).mean()
                loss += mean.item() * weight
                batch.amount += count
                sums.add(j)
        batch.plain = sums.finish()
        batch.tokens = batch.targets = int(batch.amount)
        batch.loss = batch.loss if effect.drop_worst else loss
        return batch

    def gflop(self, batch: BatchGradient) -> float:
        """Counted on the way: the networks' passes of this turn, those for games and for a rival among them."""
        return sum(side.flops for side in self.sides) / 1e9

    @torch.no_grad()
    def _without_the_worst(self, micros: list[Micro], drop: int, batch: BatchGradient) -> list[Micro]:
        """The micro-batches without the `drop` transitions of highest loss. Ranking them reads all once more."""
        stays = drop_worst(torch.cat([losses(self.side, rows, goals) for rows, goals, _ in micros]), drop, batch)
        parts = torch.split(stays, [len(goals) for _, goals, _ in micros])
        batch.scored = len(stays)
        return [
            ({name: column[own] for name, column in rows.items()}, goals[own], None)
            for (rows, goals, _), own in zip(micros, parts, strict=True)
        ]

    def _noisy(self, goals: Tensor, fraction: float, batch: BatchGradient) -> Tensor:
        """The targets, of which that fraction is drawn anew from the batch's own."""
        noisy = goals.clone()
        places, others = swaps(len(goals), fraction, self.streams["target_noise"])
        noisy[places] = goals[others]
        batch.replaced += len(places)
        return noisy

    def loss_of(self, batch: Batch) -> Tensor:
        with self.side.by_modules():
            goals = targets(self.side, batch, self.side.read_both(batch)[1])
            with self.autocast():
                return losses(self.side, batch, goals).mean()

    def beginner(self) -> Self:
        return type(self)(self.config, self.trials, self.pool.saved, first_games=False)
