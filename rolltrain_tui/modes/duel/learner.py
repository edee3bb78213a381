"""Deep Q-learning of the duel, read from top to bottom.

The networks, the learner's parts, one turn, the gradient of a batch, evaluation, examination, its voice, a rival that learns too, and what
it keeps of its own. The turn itself, with undo, levers, memory and report, is `training.levered_learner`; how games are played for
experience is in `experience.py`, the arithmetic of Q-learning in `qlearning.py`.

Shapes: B transitions, N points, d coordinates, A moves that a network rates.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.duel import voice
from rolltrain_tui.modes.duel.config import OLDER, RIVAL, DuelConfig
from rolltrain_tui.modes.duel.experience import Games, Tables, columns, greedy_agent, greedy_host, renumbered
from rolltrain_tui.modes.duel.game import Boards, actions
from rolltrain_tui.modes.duel.networks import LayerNet, Role, SetNet
from rolltrain_tui.modes.duel.players import AGENTS, HOSTS, Agent, Host, Match
from rolltrain_tui.modes.duel.qlearning import follow, scheduled, td_targets
from rolltrain_tui.modes.duel.replay import Replay
from rolltrain_tui.modes.duel.schedule import DecaySchedule
from rolltrain_tui.modes.duel.trials import Trials, agent_named, host_named
from rolltrain_tui.modes.module.diagnosis import layers_of, probe
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepReport
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.training.diagnosis import examine, has_temperature, temperature
from rolltrain_tui.training.levered_learner import BatchGradient, GradientSum, LeveredLearner, drop_worst
from rolltrain_tui.training.levers import lay_side_by_side
from rolltrain_tui.training.machine import pick_device, pick_dtype, pick_threads
from rolltrain_tui.training.schedules import build_optimizer
from rolltrain_tui.training.snapshots import LearnerStateError, Snapshot, fitting, weights_sha256
from rolltrain_tui.training.streams import Streams, random_stream

STREAMS = ("play", "replay", "rival_play", "rival_replay", "target_noise", "weight_noise", "sample")
"""One generator for each use of chance, so that a lever that draws numbers does not change which games are played."""
PROBE = 128
"""Transitions in each half of an examination's gradient."""
USUAL_POINTS = 8
"""Points of a board on the way, by which turns are priced beforehand; what a turn really costs is counted."""

Batch = dict[str, Tensor]
"""Transitions, column by column (see `experience.py`)."""

# ---------------------------------------------------------------------------------------------------------------------
# The networks


class Pair(nn.Module):
    """The network that learns, and the target network, which is in evaluation mode always."""

    def __init__(self, online: nn.Module) -> None:
        super().__init__()
        self.online = online
        self.target = without_parameters(copy.deepcopy(online)).eval()


def without_parameters(net: nn.Module) -> nn.Module:
    """The same network with buffers in place of its parameters: snapshots and saves hold all buffers, but only parameters that learn."""
    for module in net.modules():
        for name, p in list(module._parameters.items()):
            del module._parameters[name]
            module.register_buffer(name, None if p is None else p.detach().clone())
    return net


def network(config: DuelConfig, role: Role, seed: int) -> nn.Module:
    """A new network for a role. NetworkError for layers that describe none."""
    game, shape = config.game, config.network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if shape.kind == "set":
            return SetNet(role, game.dimension, shape.width or 1)
        return LayerNet(role, game.dimension, game.points, shape.layers or [], relu_first=shape.relu_first)


def flops(net: nn.Module, points: int) -> int:
    """Of a forward pass on one board: two for each weight of a linear layer, and for each point where it reads point by point."""
    own = sum(2 * m.weight.numel() for m in net.modules() if isinstance(m, nn.Linear))
    if isinstance(net, SetNet):
        own += (points - 1) * 2 * (net.point1.weight.numel() + net.point2.weight.numel())
    return own


# ---------------------------------------------------------------------------------------------------------------------
# One role: its networks, its games, its replay buffer


class Side:
    """What a role that learns has, besides its optimiser."""

    def __init__(
        self, config: DuelConfig, role: Role, pool: Sequence[str], nets: Pair, play: str, replay: str, device: torch.device
    ) -> None:
        """`play`, `replay`: names of its streams."""
        self.config, self.role, self.nets, self.device = config, role, nets, device
        self.play_stream, self.replay_stream = play, replay
        self.games = Games(role, config.game, config.learning.reward, config.table.games, pool)
        self.replay = Replay(config.table.buffer, columns(config.game))
        self.tables: Tables | None = None
        self.flops = 0
        """Spent on forward passes and training since `step` began."""

    def values(self, net: nn.Module, points: Tensor, chosen: Tensor | None) -> Tensor:
        """Values of the moves, (B, A), without a gradient and in evaluation mode; boards as (B, N, d) with padding -1."""
        self.flops += len(points) * flops(net, points.shape[1])
        training = net.training
        net.eval()
        with torch.no_grad():
            found: Tensor = net(points.to(self.device), chosen.to(self.device) if chosen is not None and self.role == "agent" else None)
        net.train(training)
        return found.float()

    def seat(self, net: nn.Module) -> Any:
        """A network as a player of this role, who always makes the move of highest value."""

        def values(boards: Boards, chosen: Tensor | None) -> Tensor:
            return self.values(net, boards.padded().float(), chosen).cpu()

        return greedy_host(values) if self.role == "host" else greedy_agent(values)

    def sample(self, count: int, streams: Streams) -> Batch:
        """Transitions from the replay buffer, without the places for points that none of them needs."""
        stream = streams[self.replay_stream]
        return self.ready(self.replay.sample(count, stream), stream)

    def ready(self, rows: Mapping[str, Tensor], stream: torch.Generator | None) -> Batch:
        """Rows as the networks read them; renumbered by `stream`, where the campaign says so and one is given."""
        longest = max(1, int((rows["before"][:, :, 0] >= 0).sum(dim=1).max()), int((rows["after"][:, :, 0] >= 0).sum(dim=1).max()))
        told = {name: column[:, :longest] if name in ("before", "after") else column for name, column in rows.items()}
        if self.config.table.permute and stream is not None:
            told = renumbered(told, self.role, stream)
        return {name: column.to(self.device) for name, column in told.items()}

    def goals(self, batch: Batch) -> Tensor:
        """r + gamma Q of what comes next, by the target network: (B,)."""
        learning = self.config.learning
        chosen = batch["chosen_after"] if self.role == "agent" else None
        slow = self.values(self.nets.target, batch["after"], batch["chosen_after"])
        fast = self.values(self.nets.online, batch["after"], batch["chosen_after"]) if learning.double else None
        return td_targets(batch["reward"], batch["over"], slow, learning.gamma, chosen=chosen, online=fast)

    def losses(self, batch: Batch, goals: Tensor) -> Tensor:
        """Huber loss of each transition: (B,)."""
        self.flops += 3 * len(goals) * flops(self.nets.online, batch["before"].shape[1])
        values = self.nets.online(batch["before"], batch["chosen"] if self.role == "agent" else None)
        own = values.float().gather(1, batch["action"][:, None])[:, 0]
        return F.smooth_l1_loss(own, goals, reduction="none")


# ---------------------------------------------------------------------------------------------------------------------
# The learner's parts


class DuelLearner(LeveredLearner):
    """A host or an agent that learns to play, and the rival beside it where the campaign has one."""

    kind = "duel"
    config: DuelConfig
    schedule: DecaySchedule

    def __init__(self, config: DuelConfig, trials: Trials | None = None, *, begin: bool = True) -> None:
        """`begin`: play the first games; a copy takes over those of its original. ValueError for layers or rewards that are none."""
        device = pick_device(config.device.device)
        hero: Role = config.table.hero
        other: Role = "agent" if hero == "host" else "host"
        nets = Pair(network(config, hero, random_stream(config.seed, "init").initial_seed())).to(device)
        parameters = list(nets.online.parameters())
        lay_side_by_side(parameters)
        transitions = config.batch.transitions
        self.threads = pick_threads(config.device.threads, 5 * transitions * flops(nets.online, USUAL_POINTS))
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)

        # The hero's side, and the rival's with its own optimiser
        copies = config.rival.copies if config.rival is not None else 1
        self.side = Side(config, hero, expanded(config.table.opponents, copies), nets, "play", "replay", device)
        self.rival: Rival | None = None
        if config.rival is not None:
            rival = Pair(network(config, other, random_stream(config.seed, "rival init").initial_seed())).to(device)
            pool = expanded(config.rival.opponents, copies)
            self.rival = Rival(config, Side(config, other, pool, rival, "rival_play", "rival_replay", device))
        self.older: dict[str, nn.Module] = {}
        """Older selves, by names such as older.host.0: never changed, only replaced."""
        self.clock = 0
        """Turns taken; a rollback does not turn it back."""
        self._began = False
        """Whether this turn has gathered its first batch."""
        self.trials = trials or Trials(hero, config.game, config.table.judges)
        self.seconds: dict[str, float] = {}
        """Of the phases of turns so far, for display only."""

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
            dtype=pick_dtype(config.device.dtype, device),
            usual_amount=transitions * config.batch.accumulation,
            objective=objective_of(config),
            running=[*nets.online.buffers(), *nets.target.state_dict().values()],
        )
        if begin:
            for side in self._sides:
                side.tables = side.games.fresh(self._hosts(), self.streams[side.play_stream])
                while len(side.replay) < config.table.initial and not side.replay.full:
                    self._play(side, rate=scheduled_exploration(config, 0))

    @property
    def _sides(self) -> list[Side]:
        return [self.side, self.rival.side] if self.rival is not None else [self.side]

    def info(self) -> LearnerInfo:
        weights = sum(p.numel() for p in self.levers.parameters)
        transitions = self.config.batch.transitions * self.config.batch.accumulation
        rates = f"{actions(self.config.game.dimension)} moves" if self.side.role == "host" else f"{self.config.game.dimension} coordinates"
        return LearnerInfo(
            parameters=weights,
            model=f"{weights:,} weights, {rates}",
            objective=self.objective,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            threads=self.threads,
            tokens_per_turn=transitions,
            gflop_per_turn=5 * transitions * flops(self.side.nets.online, USUAL_POINTS) / 1e9,
        )

    # -----------------------------------------------------------------------------------------------------------------
    # One turn

    def step(self, effect: StepEffect) -> StepReport:
        """See `LeveredLearner.step`. A turn that fails takes back its games, its copies and the rival's step as well."""
        before = [(side, side.tables) for side in self._sides]
        clock, older = self.clock, dict(self.older)
        rival = self.rival.capture() if self.rival is not None else None
        for side in self._sides:
            side.replay.mark()
            side.flops = 0
        self._began = False
        try:
            report = super().step(effect)
            self.clock += 1
            return report
        except BaseException:
            for side, tables in before:
                side.tables = tables
                side.replay.undo()
            self.clock, self.older = clock, older
            if self.rival is not None and rival is not None:
                self.rival.restore(rival)
            raise

    def _begin_turn(self) -> None:
        """What happens at fixed turns, before the turn's first batch: games, target networks, older selves; and the rival's own step."""
        config = self.config
        if self.clock % config.table.every == 0:
            with self._timed("games"):
                for side in self._sides:
                    self._play(side, rate=scheduled_exploration(config, self.clock))
        if self.clock and self.clock % config.learning.target_every == 0:
            for side in self._sides:
                follow(side.nets.target, side.nets.online, config.learning.tau)
        if self.rival is not None:
            if config.rival is not None and self.clock % config.rival.copy_every == 0:
                self._keep_older(config.rival.copies, self.clock // config.rival.copy_every)
            with self._timed("rival"):
                self.rival.step(self.streams)

    def _play(self, side: Side, *, rate: float) -> None:
        """One move of every game of a side, into its replay buffer."""
        assert side.tables is not None, "the games have begun"
        values = lambda boards, chosen: side.values(side.nets.online, boards.padded().float(), chosen).cpu()  # noqa: E731
        stream = self.streams[side.play_stream]
        side.tables, rows = side.games.move(side.tables, values, rate, self._hosts(), self._agents(), stream)
        side.replay.add(rows)

    def _hosts(self) -> Mapping[str, Host]:
        return {name: host_named(name) for name in HOSTS} | self._learning("host")

    def _agents(self) -> Mapping[str, Agent]:
        return {name: agent_named(name) for name in AGENTS} | self._learning("agent")

    def _learning(self, role: Role) -> dict[str, Any]:
        """The players of a role that learn, as they are now and as they were; before there are older selves, as they are now."""
        if self.rival is None:
            return {}
        side = self.side if self.side.role == role else self.rival.side
        copies = self.config.rival.copies if self.config.rival is not None else 0
        now = side.seat(side.nets.online)
        older = {number: self.older.get(f"{OLDER}.{role}.{number}") for number in range(copies)}
        return {RIVAL: now} | {f"{OLDER}.{number}": now if net is None else side.seat(net) for number, net in older.items()}

    def _keep_older(self, copies: int, number: int) -> None:
        """Copies of both networks; the newest take the place of the oldest."""
        for side in self._sides:
            kept = copy.deepcopy(side.nets.online).eval().requires_grad_(False)
            self.older = {**self.older, f"{OLDER}.{side.role}.{number % copies}": kept}

    def _timed(self, phase: str) -> "_Timer":
        return _Timer(self.seconds, phase)

    # -----------------------------------------------------------------------------------------------------------------
    # The gradient of a batch

    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Replay `factor` times the usual number of transitions, in micro-batches of the usual size and the rest in a smaller one."""
        if not self._began:
            self._began = True
            self.stop_if_asked()
            self._begin_turn()
        usual = self.config.batch
        count = max(1, round(usual.transitions * usual.accumulation * factor))
        sizes = [usual.transitions] * (count // usual.transitions) + ([rest] if (rest := count % usual.transitions) else [])
        batch = BatchGradient()
        with self._timed("replay"):
            micros: list[tuple[Batch, Tensor]] = []
            for size in sizes:
                self.stop_if_asked()
                rows = self.side.sample(size, self.streams)
                micros.append((rows, self.side.goals(rows)))
        if effect.drop_worst:
            micros = self._without_the_worst(micros, effect.drop_worst, batch)
        kept = sum(len(goals) for _, goals in micros)
        sums, loss = GradientSum(self.levers.parameters, effect.micro_scales, len(sizes)), 0.0
        with self._timed("learning"):
            for j, (rows, goals) in enumerate(micros):
                self.stop_if_asked()
                if not len(goals):
                    continue
                weight = len(goals) / kept  # micro-batches may differ in size: the mean is over transitions
                told = self._noisy(goals, effect.target_noise, batch) if effect.target_noise else goals
                with self.autocast():
                    losses = self.side.losses(rows, told)
                (losses.mean() * weight).backward()  # type: ignore[no-untyped-call]
                if effect.target_noise:
                    with torch.no_grad(), self.autocast():
                        losses = self.side.losses(rows, goals)
                loss += losses.detach().mean().item() * weight
                batch.amount += len(goals)
                sums.add(j)
        batch.plain = sums.finish()
        batch.tokens = batch.targets = int(batch.amount)
        if not effect.drop_worst:
            batch.loss = loss
        return batch

    def gflop(self, batch: BatchGradient) -> float:
        """Counted on the way: the networks' passes of this turn, those for games and for a rival among them."""
        return sum(side.flops for side in self._sides) / 1e9

    @torch.no_grad()
    def _without_the_worst(self, micros: list[tuple[Batch, Tensor]], drop: int, batch: BatchGradient) -> list[tuple[Batch, Tensor]]:
        """The micro-batches without the `drop` transitions of highest loss. Ranking them reads all once more."""
        losses = torch.cat([self.side.losses(rows, goals) for rows, goals in micros])  # (B,)
        stays = drop_worst(losses, drop, batch)
        parts = torch.split(stays, [len(goals) for _, goals in micros])
        batch.scored = len(losses)
        return [
            ({name: column[own] for name, column in rows.items()}, goals[own]) for (rows, goals), own in zip(micros, parts, strict=True)
        ]

    def _noisy(self, goals: Tensor, fraction: float, batch: BatchGradient) -> Tensor:
        """The targets, of which that fraction is drawn anew from the batch's own."""
        stream, noisy = self.streams["target_noise"], goals.clone()
        places = torch.randperm(len(goals), generator=stream)[: round(fraction * len(goals))]
        noisy[places] = goals[torch.randint(len(goals), (len(places),), generator=stream)]
        batch.replaced += len(places)
        return noisy

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation

    def evaluate(self, count: int) -> Evaluation:
        """Moves to the end, as a share of the limit, in the first `count` fixed games, without exploration."""
        matches, gflop = self._judged(count)
        return self._evaluation(count, matches, gflop)

    def evaluation_of(self, player: Host | Agent, count: int) -> Evaluation:
        """The same games, played by someone else of the hero's role."""
        return self._evaluation(count, self.trials.matches(count, player), 0.0)

    def _evaluation(self, count: int, matches: Mapping[str, Match], gflop: float) -> Evaluation:
        values = self.trials.lengths(count, matches)
        mean = math.fsum(values) / count
        deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (count - 1) / count) if count > 1 else math.inf
        return Evaluation(value=mean, standard_error=deviation, count=count, gflop=gflop, values=tuple(values))

    def _judged(self, count: int) -> tuple[Mapping[str, Match], float]:
        """The first `count` fixed games, by judge, and their GFLOP."""
        spent = self.side.flops
        with self.at_rest():
            matches = self.trials.matches(count, self.side.seat(self.side.nets.online))
        gflop, self.side.flops = (self.side.flops - spent) / 1e9, spent
        return matches, gflop

    # -----------------------------------------------------------------------------------------------------------------
    # Examination

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on the rows of the replay buffer's first slots."""
        side, spent = self.side, self.side.flops
        rows = side.replay.first(2 * PROBE)
        half = max(1, len(rows["action"]) // 2)
        pieces = [{name: column[first : first + half] for name, column in rows.items()} for first in (0, half)]
        halves = [side.ready(piece, None) for piece in pieces if len(piece["action"]) == half]

        def loss_of(batch: Batch) -> Tensor:
            goals = side.goals(batch)
            with self.autocast():
                return side.losses(batch, goals).mean()

        with self.at_rest():
            found = probe(self.model, self.levers.parameters, halves, loss_of)
        warmth = temperature(self.memory, evaluation.values, lambda: self.evaluate(len(evaluation.values)).values)
        again = evaluation.gflop if has_temperature(self.memory) else 0.0
        gflop, side.flops = (side.flops - spent) / 1e9, spent
        return examine(
            self.memory,
            found,
            value=evaluation.value,
            temperature=warmth,
            batch=self.config.batch.transitions * self.config.batch.accumulation,
            gflop=gflop + again,
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Its voice

    def perform(self) -> str:
        """A game against one of the judges, move by move, and how it stands with each of them."""
        spent = self.side.flops
        stream = self.streams["sample"]
        judge = self.config.table.judges[int(torch.randint(len(self.config.table.judges), (1,), generator=stream))]
        with self.at_rest():
            matches, _ = self._judged(self.config.evaluation.sequences)
            told = voice.game(self.config, self.side.seat(self.side.nets.online), judge, stream)
        self.side.flops = spent
        return f"{told}\n{voice.standing(self.side.role, matches)}"[: self.config.speech.characters]

    def player(self) -> Host | Agent:
        """The hero's network of this turn, at the table: always the move of highest value."""
        seat: Host | Agent = self.side.seat(self.side.nets.online)
        return seat

    # -----------------------------------------------------------------------------------------------------------------
    # Its own state, and copies

    def own_state(self) -> dict[str, Any]:
        sides = {side.role: [side.replay.position, side.replay.full] for side in self._sides}
        return {"clock": self.clock, "replay": sides, "older": sorted(self.older)}

    def check_own_state(self, state: Mapping[str, Any]) -> None:
        clock, sides = state.get("clock"), state.get("replay")
        good = isinstance(clock, int) and clock >= 0 and isinstance(sides, dict) and sides.keys() == {side.role for side in self._sides}
        for place in sides.values() if good and isinstance(sides, dict) else ():
            good = good and isinstance(place, list) and len(place) == 2 and isinstance(place[0], int) and isinstance(place[1], bool)
        if not good or not isinstance(state.get("older"), list):
            raise LearnerStateError(
                f"the saved state stands at turn {clock!r} of the duel, with replay buffers {sides!r}; it cannot be read"
            )

    def take_own_state(self, state: Mapping[str, Any]) -> None:
        """The clock. Buffers and games are tensors, which `load_state`, `follow` and `step` put back."""
        self.clock = state["clock"]

    def tensors(self) -> dict[str, Tensor]:
        """See `LeveredLearner.tensors`; and duel.*: replay buffers, games as they stand, older selves, the rival."""
        packed = super().tensors()
        for side in self._sides:
            packed |= side.replay.pack(f"duel.{side.role}.replay")
            assert side.tables is not None, "the games have begun"
            packed |= pack_tables(side.tables, f"duel.{side.role}.games")
        for name, net in self.older.items():
            packed |= {f"duel.{name}.{key}": value.cpu().clone() for key, value in net.state_dict().items()}
        if self.rival is not None:
            packed |= self.rival.capture().pack("duel.rival.")
        return packed

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """See `LeveredLearner.load_state`."""
        if state.get("kind") != self.kind:
            super().load_state(tensors, state)  # which says so
        self.check_own_state(state)
        own = {name: tensor for name, tensor in tensors.items() if name.startswith("duel.")}
        found = _Own(self, own, state)  # read and check, then change
        super().load_state({name: tensor for name, tensor in tensors.items() if name not in own}, state)
        found.adopt(self)

    def weights_sha256(self) -> str:
        """Of the network that learns; the target network only follows it."""
        return weights_sha256(self.side.nets.online)

    def fork(self) -> Self:
        """An independent copy that plays the same games and replays the same transitions from here on."""
        return self.copy_into(type(self)(self.config, self.trials, begin=False))

    def follow(self, leader: Self) -> None:
        """See `LeveredLearner.follow`. The games and the replay buffers are the leader's too; the networks that play stay its own."""
        super().follow(leader)
        for own, other in zip(self._sides, leader._sides, strict=True):
            own.tables = other.tables
            own.replay.follow(other.replay)


class _Own:
    """What a saved state holds of the duel itself, read and checked. LearnerStateError where it does not fit."""

    def __init__(self, learner: DuelLearner, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        known: set[str] = set()
        self.replay: dict[str, tuple[dict[str, Tensor], int, bool]] = {}
        self.tables: dict[str, Tables] = {}
        for side in learner._sides:
            position, full = state["replay"][side.role]
            rows = side.replay.capacity if full else position
            if not 0 <= position < side.replay.capacity:
                raise LearnerStateError(f"the saved replay buffer stands at slot {position}, and this one has {side.replay.capacity}")
            packed = {}
            for name, column in side.replay.columns.items():
                at = f"duel.{side.role}.replay.{name}"
                packed[name] = fitting(tensors, at, torch.Size((rows, *column.shape[1:])), column.dtype)
                known.add(at)
            self.replay[side.role] = (packed, position, full)
            self.tables[side.role], names = unpack_tables(tensors, f"duel.{side.role}.games", learner.config)
            known |= names
        self.older: dict[str, nn.Module] = {}
        for name in state["older"]:
            role = str(name).split(".")[1] if str(name).count(".") == 2 else ""
            like = next((side.nets.online for side in learner._sides if side.role == role), None)
            if like is None:
                raise LearnerStateError(f"the saved state has an older self {name!r}, which this campaign does not have")
            net = copy.deepcopy(like).eval().requires_grad_(False)
            found = {key: fitting(tensors, f"duel.{name}.{key}", value.shape, value.dtype) for key, value in net.state_dict().items()}
            net.load_state_dict(found)
            self.older[name] = net
            known |= {f"duel.{name}.{key}" for key in found}
        self.rival: Snapshot | None = None
        if learner.rival is not None:
            rival = learner.rival
            self.rival = Snapshot.unpack(tensors, "duel.rival.", rival.side.nets, rival.optimizer, 0)
            known |= self.rival.pack("duel.rival.").keys()
        if strange := sorted(tensors.keys() - known):
            raise LearnerStateError(f"the saved state has a tensor {strange[0]!r}, which this campaign does not know")

    def adopt(self, learner: DuelLearner) -> None:
        for side in learner._sides:
            side.replay.copy_from(*self.replay[side.role])
            side.tables = self.tables[side.role]
        learner.older = self.older
        if learner.rival is not None and self.rival is not None:
            learner.rival.restore(self.rival)


def pack_tables(tables: Tables, prefix: str) -> dict[str, Tensor]:
    parts = {"x": tables.boards.x, "opponent": tables.opponent, "moves": tables.moves, "chosen": tables.chosen}
    return {f"{prefix}.{name}": part.clone().contiguous() for name, part in parts.items()}


def unpack_tables(tensors: Mapping[str, Tensor], prefix: str, config: DuelConfig) -> tuple[Tables, set[str]]:
    """Inverse of `pack_tables`, and the names of the tensors. LearnerStateError."""
    games, dimension = config.table.games, config.game.dimension
    there = tensors.get(f"{prefix}.x")
    points = there.shape[1] if there is not None and there.dim() == 3 and there.shape[1] <= config.game.points else 1
    x = fitting(tensors, f"{prefix}.x", torch.Size((dimension, points, games)), torch.float32)
    opponent = fitting(tensors, f"{prefix}.opponent", torch.Size((games,)), torch.int64)
    moves = fitting(tensors, f"{prefix}.moves", torch.Size((games,)), torch.int64)
    chosen = fitting(tensors, f"{prefix}.chosen", torch.Size((dimension, games)), torch.bool)
    tables = Tables(Boards(x.clone()), opponent.clone(), moves.clone(), chosen.clone())
    return tables, {f"{prefix}.{name}" for name in ("x", "opponent", "moves", "chosen")}


# ---------------------------------------------------------------------------------------------------------------------
# A rival that learns too


class Rival:
    """The other role, which takes one plain step of Adam before each of the hero's."""

    def __init__(self, config: DuelConfig, side: Side) -> None:
        assert config.rival is not None, "a rival is described by its section"
        self.side = side
        self.parameters = list(side.nets.online.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.rival.learning_rate)
        self.clip, self.count = config.optimizer.clip, config.batch.transitions

    def step(self, streams: Streams) -> None:
        rows = self.side.sample(self.count, streams)
        self.optimizer.zero_grad()
        self.side.losses(rows, self.side.goals(rows)).mean().backward()  # type: ignore[no-untyped-call]
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()

    def capture(self) -> Snapshot:
        return Snapshot.take(self.side.nets, self.optimizer, 0)

    def restore(self, snapshot: Snapshot) -> None:
        snapshot.put_back(self.side.nets, self.optimizer)


def objective_of(config: DuelConfig) -> Objective:
    """The bar is the expert of the hero's role; the limit is a game of one move."""
    host = config.table.hero == "host"
    par = "Zeillinger" if host else "the agent that chooses first"
    return replace(config.objective, par=par, limit=1 / config.game.limit if host else 0.0)


def expanded(opponents: Sequence[str], copies: int) -> list[str]:
    """The pool with each older self by its own name; every name of the campaign is as likely as before."""
    if OLDER not in opponents:
        return list(opponents)
    return [own for name in opponents for own in ([f"{OLDER}.{n}" for n in range(copies)] if name == OLDER else [name] * copies)]


def scheduled_exploration(config: DuelConfig, turn: int) -> float:
    own = config.exploration
    return scheduled(own.mode, own.initial, own.rate, own.final, turn)


class _Timer:
    """Adds the seconds of a phase."""

    def __init__(self, seconds: dict[str, float], phase: str) -> None:
        self.seconds, self.phase = seconds, phase

    def __enter__(self) -> None:
        self.started = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds[self.phase] = self.seconds.get(self.phase, 0.0) + perf_counter() - self.started
