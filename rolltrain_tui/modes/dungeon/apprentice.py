"""What the dungeon's learner answers besides its turns: evaluation, examination, its voice, saves and copies."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon import voice
from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm
from rolltrain_tui.modes.dungeon.algorithms.minibatch import ready
from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.exam import health
from rolltrain_tui.modes.dungeon.exam.exam import UNSEEN, Exam, Standing
from rolltrain_tui.modes.dungeon.exam.judging import Chooser, Seat, Verdict
from rolltrain_tui.modes.dungeon.games import buffer as kept
from rolltrain_tui.modes.dungeon.games.buffer import Buffer
from rolltrain_tui.modes.dungeon.games.games import Standing as GameStanding
from rolltrain_tui.modes.dungeon.games.play import Acts
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.policy import Player, Seen
from rolltrain_tui.modes.dungeon.player.reading import Reading
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, Observation
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo
from rolltrain_tui.training.levered_learner import LeveredLearner
from rolltrain_tui.training.probe import probe
from rolltrain_tui.training.state.snapshots import LearnerStateError, weights_sha256

PROBE = 128
"""Moves in each half of an examination's gradient."""
USUAL_WORDS, USUAL_OFFERS = 24, 8
"""Words of a text, and positions of its commands, by which turns are priced beforehand; what a turn really costs is counted."""


class Apprentice(LeveredLearner):
    kind = "dungeon"
    config: DungeonConfig
    maker: Maker
    exam: Exam
    player: Player
    reading: Reading
    algorithm: Algorithm
    buffer: Buffer
    games: tuple[GameStanding, ...]
    clock: int
    recent: health.Recent
    threads: int
    flops: float
    data_sha256: str
    """Hash of the folder that the model is from; "" for one of the game's own."""

    @abstractmethod
    def act(self, seen: Sequence[Observation], chance: Tensor, *, greedy: bool = False) -> Acts:
        """A command for each of these games."""

    @abstractmethod
    def look(self, offers: Offers) -> Seen:
        """What the player sees in these offers, without drawing from them."""

    @abstractmethod
    def loss_of(self, rows: Mapping[str, Tensor]) -> Tensor:
        """The mean loss of these moves: ()."""

    @abstractmethod
    def beginner(self) -> Self:
        """A learner of the same campaign, to take over this one's state."""

    def info(self) -> LearnerInfo:
        weights = sum(p.numel() for p in self.levers.parameters)
        moves = self.config.batch.moves * self.config.batch.accumulation
        return LearnerInfo(
            parameters=weights,
            model=f"{weights:,} weights, {len(self.reading.vocabulary)} words",
            objective=self.objective,
            device=str(self.device),
            dtype=str(self.dtype).removeprefix("torch."),
            note=self.dtype_note,
            threads=self.threads,
            tokens_per_turn=moves,
            data_sha256=self.data_sha256,
            gflop_per_turn=4 * moves * self.usual_flops / 1e9,
        )

    @property
    def usual_flops(self) -> float:
        """FLOPs of reading one move forward."""
        return 2.0 * (USUAL_WORDS + USUAL_OFFERS) * self.player.inner_weights

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation and examination

    def seat(self, *, greedy: bool | None = None) -> Chooser:
        """The player at the games that are judged, as the campaign's examination has it, or as given."""
        return Seat(partial(self.act, greedy=self.config.exam.greedy if greedy is None else greedy), self.reading)

    def verdicts(self, count: int, *, greedy: bool | None = None, seen: bool = False) -> tuple[list[Verdict], float]:
        """How it does in the first `count` unseen worlds, or in worlds of training; and the GFLOP of playing them."""
        spent = self.flops
        with self.at_rest():
            chooser = self.seat(greedy=greedy)
            count = min(count, self.config.world.count) if seen else count  # the first worlds of training, however the dial stands
            found = self.exam.verdicts(count, chooser, first=0 if seen else UNSEEN)
        gflop, self.flops = (self.flops - spent) / 1e9, spent
        return found, gflop

    def evaluate(self, count: int) -> Evaluation:
        """The campaign's measure in the first `count` unseen worlds."""
        return self.exam.evaluation(*self.verdicts(count))

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on the first lessons; the gap is to worlds of training."""
        spent = self.flops
        verdicts, gflop = self.verdicts(len(evaluation.values), seen=True)
        seen = self.exam.evaluation(verdicts)
        places = self.buffer.first(2 * PROBE)
        half = max(1, len(places) // 2)
        halves = [ready(self.buffer.rows, part, self.device) for part in torch.split(places, half) if len(part) == half]
        with self.at_rest():
            found = probe(self.model, self.levers.parameters, halves, self.loss_of)
            own = [(self.look(Offers.of(rows)), (rows["words"] > 0).sum(dim=1).cpu()) for rows in halves]
        gflop, self.flops = gflop + (self.flops - spent) / 1e9, spent
        own = own if self.clock >= self.config.diagnosis.scouting else []  # a young player chooses at random, and is not sick
        lost = self.exam.lost(evaluation.values)
        return self.examined(
            evaluation,
            found,
            batch=self.config.batch.moves * self.config.batch.accumulation,
            gflop=gflop,
            train_value=seen.value,
            own=health.signals(self.recent, self.buffer.told, own, lost, verdicts),
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Its voice

    def perform(self) -> str:
        """How it stands, and a game in an unseen world, command by command; at the end its best one as a story, where that is recorded."""
        spent = self.flops
        stream = self.streams["sample"]
        count = self.config.evaluation.sequences
        with self.at_rest():
            told = voice.game(self.exam, self.reading, self.act, stream)
        drawn, greedy, seen = (
            self.verdicts(count, greedy=greedy, seen=seen)[0] for greedy, seen in ((False, False), (True, False), (False, True))
        )
        self.flops = spent
        record = self.config.record
        at_the_end = record is not None and record.best_game and self.turn == self.config.turns
        story = voice.best_game(self.exam, drawn) if at_the_end else ""
        parts = (voice.standing(count, *map(Standing.of, (drawn, greedy, seen))), story, told)
        return "\n".join(part for part in parts if part)[: self.config.speech.characters]

    # -----------------------------------------------------------------------------------------------------------------
    # Saves and copies

    def check_own_state(self, state: Mapping[str, Any]) -> None:
        kept.check(state, self.config.play.games)

    def own_tensors(self) -> dict[str, Tensor]:
        """The lessons, and their order."""
        return self.buffer.pack()

    def recall_own(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> Callable[[], None]:
        for game in kept.standings(state):
            try:
                world = self.maker(game.seed)
                world.restore(game.state)
                world.close()
            except ValueError as error:
                raise LearnerStateError(f"a saved game cannot go on: {error}") from None
        return partial(setattr, self, "buffer", kept.unpack(tensors, state, self.algorithm.columns))

    def weights_sha256(self) -> str:
        """Hash of the player's weights; the coefficients beside it only follow it."""
        return weights_sha256(self.player)

    def fork(self) -> Self:
        """An independent copy that plays the same games and learns the same lessons from here on."""
        return self.copy_into(self.beginner())

    def follow(self, leader: Self) -> None:
        """See `LeveredLearner.follow`. The games, their lessons and the coefficients that adapt are the leader's too."""
        super().follow(leader)
        for own, other in zip(self._running, leader._running, strict=True):
            own.copy_(other)
        self.buffer = leader.buffer
