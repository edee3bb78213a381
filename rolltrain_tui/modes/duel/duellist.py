"""What the duel's learner answers besides training: what it is, evaluation, examination, its voice, saves and copies."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor

from rolltrain_tui.modes.duel import health, voice
from rolltrain_tui.modes.duel import state as kept
from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.dials import Settings
from rolltrain_tui.modes.duel.game import actions
from rolltrain_tui.modes.duel.players.players import Agent, Host
from rolltrain_tui.modes.duel.players.pool import Pool
from rolltrain_tui.modes.duel.players.saved import sha256_of
from rolltrain_tui.modes.duel.schedule import DecaySchedule
from rolltrain_tui.modes.duel.side import Batch, Rival, Side
from rolltrain_tui.modes.duel.trials import Trials
from rolltrain_tui.modes.duel.turning import Orders
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo
from rolltrain_tui.training.levered_learner import LeveredLearner
from rolltrain_tui.training.probe import probe
from rolltrain_tui.training.state.snapshots import LearnerStateError, weights_sha256

PROBE = 128
"""Transitions in each half of an examination's gradient."""
USUAL_POINTS = 8
"""Points of a board on the way, by which turns are priced beforehand; what a turn really costs is counted."""


class Duellist(LeveredLearner):
    """A learner that sits at the table."""

    kind = "duel"
    config: DuelConfig
    schedule: DecaySchedule
    side: Side
    """The hero's."""
    rival: Rival | None
    sides: list[Side]
    """Both, the hero's first."""
    pool: Pool
    trials: Trials
    threads: int
    orders: Orders
    """Dials that were turned and are not measured yet."""
    standing: health.Standing
    clock: int
    """Turns taken; a rollback does not turn it back."""

    @abstractmethod
    def beginner(self) -> Self:
        """A new learner of the same campaign, which has played no games yet."""

    @abstractmethod
    def loss_of(self, batch: Batch) -> Tensor:
        """Mean loss of some transitions against their targets."""

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
            note=self.dtype_note,
            threads=self.threads,
            tokens_per_turn=transitions,
            data_sha256=sha256_of(self.pool.saved),
            gflop_per_turn=5 * self.side.pass_flops(transitions, USUAL_POINTS) / 1e9,
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation, examination and voice

    def player(self) -> Host | Agent:
        """The hero's network of this turn, at the table: always the move of highest value."""
        seat: Host | Agent = self.side.seat(self.side.nets.online)
        return seat

    def remember(self, evaluation: Evaluation) -> None:
        super().remember(evaluation)
        self.standing.hear(evaluation.value)

    def evaluate(self, count: int) -> Evaluation:
        """Moves to the end, as a share of the limit, in the first `count` fixed games, without exploration."""
        with self.side.apart(), self.at_rest():
            found = self.trials.evaluation(count, self.player())
            return replace(found, gflop=self.side.flops / 1e9)

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on the rows of the replay buffer's first slots."""
        side = self.side
        rows = side.replay.first(2 * PROBE)
        half = max(1, len(rows["action"]) // 2)
        pieces = [{name: column[first : first + half] for name, column in rows.items()} for first in (0, half)]
        halves = [side.ready(piece, None) for piece in pieces if len(piece["action"]) == half]

        transitions = self.config.batch.transitions * self.config.batch.accumulation
        with side.apart():
            with self.at_rest():
                found = probe(self.model, self.levers.parameters, halves, self.loss_of)
                own = health.signals(side, self.trials, evaluation.values, self.clock, transitions)
                if self.rival is not None:
                    own["echo"] = self.standing.echo(evaluation.value)
            gflop = side.flops / 1e9
        return self.examined(evaluation, found, batch=transitions, gflop=gflop, own=own)

    def perform(self) -> str:
        """A game against one of the judges, move by move, and how it stands with each of them."""
        stream, judges = self.streams["sample"], self.config.table.judges
        judge = judges[int(torch.randint(len(judges), (1,), generator=stream))]
        with self.side.apart(), self.at_rest():
            matches = self.trials.matches(self.config.evaluation.sequences, self.player())
            told = voice.game(self.config, self.player(), judge, stream)
        return f"{told}\n{voice.standing(self.side.role, matches)}"[: self.config.speech.characters]

    # -----------------------------------------------------------------------------------------------------------------
    # Its own state, and copies

    def own_state(self) -> dict[str, Any]:
        turned = {"dials": self.side.settings.state(), "orders": self.orders.state(), "standing": self.standing.state()}
        return {"clock": self.clock, **turned, **kept.numbers(self.sides, self.pool)}

    @property
    def target_moves(self) -> bool:
        """Whether this is a turn at which target networks follow."""
        return self.clock > 0 and self.clock % self.config.learning.target_every == 0

    def turn_state(self) -> dict[str, Any]:
        return {"clock": self.clock}

    def running(self, effect: StepEffect) -> Collection[Tensor]:
        return list(self.model.buffers()) if effect.dials or self.target_moves else super().running(effect)

    def check_own_state(self, state: Mapping[str, Any]) -> None:
        kept.check_numbers(state, self.sides)
        try:
            Settings.from_state(state.get("dials", self.side.settings.state()))
            Orders.from_state(state.get("orders", {}))
            health.Standing().take(state.get("standing", [None] * 3))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise LearnerStateError(f"the saved state does not say how the dials stand: {error!r}") from None

    def take_own_state(self, state: Mapping[str, Any]) -> None:
        """The clock and the dials. Buffers and games are tensors, which `load_state`, `follow` and `step` put back."""
        self.clock = state["clock"]
        if "dials" in state:  # a save of before there were any has those of the campaign
            self.orders = Orders.from_state(state["orders"])
            self.settle(Settings.from_state(state["dials"]))
            self.standing.take(state["standing"])

    def settle(self, settings: Settings) -> None:
        """The hero's role goes on with these."""
        side = self.side
        if settings.pool != side.settings.pool:
            side.games = side.games_against(settings.pool)
        side.settings, self.schedule.factor = settings, settings.rate

    def own_tensors(self) -> dict[str, Tensor]:
        """Replay buffers, games as they stand, older selves, the rival."""
        return kept.tensors(self.sides, self.pool, self.rival)

    def recall_own(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> Callable[[], None]:
        found = kept.Kept(self.config, self.sides, self.rival, tensors, state)
        return partial(found.adopt, self.sides, self.pool, self.rival)

    def weights_sha256(self) -> str:
        """Hash of the network that learns; the target network only follows it."""
        return weights_sha256(self.side.nets.online)

    def fork(self) -> Self:
        """An independent copy that plays the same games and replays the same transitions from here on."""
        return self.copy_into(self.beginner())

    def follow(self, leader: Self) -> None:
        """See `LeveredLearner.follow`. The games and the replay buffers are the leader's too; the networks that play stay its own."""
        super().follow(leader)
        for own, other in zip(self.sides, leader.sides, strict=True):
            own.tables = other.tables
            own.replay.follow(other.replay)
