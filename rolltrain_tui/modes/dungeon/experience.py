"""How the learner comes to its lessons: the games go on, the reference is asked, and the algorithm makes lessons of both. Games that the
player won are imitated beside them.

Shapes: N moves that were played, T tokens of an action.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.algorithm import Told
from rolltrain_tui.modes.dungeon.algorithms.minibatch import ready
from rolltrain_tui.modes.dungeon.algorithms.rejection import imitation_losses
from rolltrain_tui.modes.dungeon.apprentice import Apprentice
from rolltrain_tui.modes.dungeon.dials import Settings
from rolltrain_tui.modes.dungeon.games.buffer import Buffer
from rolltrain_tui.modes.dungeon.games.demonstrations import TURNS, WEIGHT, Demonstration, lessons
from rolltrain_tui.modes.dungeon.games.examples import Examples
from rolltrain_tui.modes.dungeon.games.games import Games, fresh
from rolltrain_tui.modes.dungeon.games.play import Acts, Played, play
from rolltrain_tui.modes.dungeon.games.rewards import Rewards
from rolltrain_tui.modes.dungeon.games.trajectories import Witness
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.policy import Seen
from rolltrain_tui.modes.dungeon.player.reference import Reference
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation
from rolltrain_tui.protocol.dials import OWN
from rolltrain_tui.protocol.dials import told as dial_told
from rolltrain_tui.protocol.trajectories import Row

AT_ONCE = 256
"""Moves in one forward pass of the reference."""


class Experienced(Apprentice):
    rewards: Rewards
    settings: Settings
    reference: Reference | None
    _trajectory: tuple[Row, ...]
    """The moves of the last games, until `told_moves` takes them."""
    demonstrations: tuple[Demonstration, ...]
    """Games of the player's that are imitated."""
    _lessons: Mapping[str, Tensor] | None
    """Their moves."""
    _dialled: Told
    """What dials of this turn have measured so far."""

    @property
    def worlds(self) -> int:
        return self.config.world.count if self.settings.worlds is None else self.settings.worlds

    @property
    def temperature(self) -> float:
        return self.config.play.temperature if self.settings.temperature is None else self.settings.temperature

    def _drawn_worlds(self, *shape: int) -> Tensor:
        return torch.randint(self.worlds, shape, generator=self.streams["worlds"])

    def _go_on(self) -> None:
        """1 to 3. The games go on, and become lessons."""
        played = self._play()
        rows, told = self.algorithm.prepare(played, self._asked(played))
        told |= {
            "objective/scores": played.score.mean().item(),
            "episodes": float(played.finished),
            "episodes/won": float(played.won),
            "moves": float(len(played.action)),
        }
        if self.reading.writing is not None:
            told["moves/refused"] = float(played.refused)
            told["moves/examples"] = 0.0 if played.examples is None else float(len(played.examples))
        self.games = played.standings
        examples = None
        if played.examples is not None:
            examples = played.examples.columns() | {"action": torch.zeros(len(played.examples), dtype=torch.long)}
        told = {name: value for name, value in told.items() if isfinite(value)}
        self.buffer = Buffer(rows, told, since=self.clock, examples=examples)

    def _play(self) -> Played:
        """1. Every game goes on by some moves; or new ones are played to their ends, where the algorithm needs them whole."""
        config, stream = self.config, self.streams["play"]
        count = config.play.games
        standings, moves, worlds = self.games, config.play.moves, None
        if self.algorithm.whole:
            seeds = self._drawn_worlds(count // self.algorithm.group)
            standings, moves = fresh(self.maker, seeds.repeat_interleave(self.algorithm.group).tolist()), config.world.limit
        else:
            worlds = self._drawn_worlds(count, moves)
        chance = torch.rand(count, moves, *self.player.draws, generator=stream, dtype=torch.float64)
        examples = None
        if config.writing is not None and config.writing.examples:
            examples = Examples(config.writing.examples, Random(int(torch.randint(1 << 31, (1,), generator=stream))))
        with self.at_rest():
            games = Games(standings, self.maker, config.world.limit, self.reading)
            witness = Witness(self.reading, self.rewards, self.clock) if self.trajectory_bytes else None
            played = play(
                games,
                moves,
                self.act,
                self.worth,
                self.rewards,
                chance,
                worlds,
                examples=examples,
                stop=self.stop_if_asked,
                witness=witness,
            )
        self._trajectory = witness.rows(played) if witness is not None else ()
        return played

    @property
    def trajectory_bytes(self) -> int:
        record = self.config.record
        return int(record.trajectories * 1_000_000) if record is not None and record.trajectories is not None else 0

    def told_moves(self) -> tuple[Row, ...]:
        """The moves of the last games; () where they were told already."""
        told, self._trajectory = self._trajectory, ()
        return told

    def act(self, seen: Sequence[Observation], chance: Tensor, *, greedy: bool = False) -> Acts:
        """What the player does there, without a gradient. Where an act needs several random numbers, `chance` seeds them."""
        if chance.dim() == 1 and (draws := self.player.draws):
            chance = torch.tensor([[dice.random() for _ in range(*draws)] for dice in map(Random, chance.tolist())], dtype=torch.float64)
        offers = self.reading.offers(seen)
        with torch.no_grad(), self.autocast():
            taken = self.player.act(offers, chance, self.temperature, greedy=greedy)
        self.flops += self.player.flops(taken.offers)
        return Acts(taken, self.reading.commands(taken, seen))

    def worth(self, seen: Sequence[Observation]) -> Tensor:
        """The values of what is seen, (B,), without a gradient."""
        offers = self.reading.offers(seen)
        self.flops += self.player.flops(offers)
        with torch.no_grad(), self.autocast():
            return self.player.worth(offers)

    def look(self, offers: Offers) -> Seen:
        """What the player makes of these offers, without a gradient; on the CPU."""
        self.flops += self.player.flops(offers)
        with torch.no_grad(), self.autocast():
            seen: Seen = self.player(offers.to(self.device), self.temperature)
        return seen.cpu()

    def _asked(self, played: Played) -> Tensor:
        """2. The reference's log-probabilities of what was played: (N, T)."""
        if self.reference is None or not self.algorithm.needs_reference:
            return played.choice.logprobs
        found, width = [], played.mask.shape[1]
        with self.at_rest(), self.autocast():
            for rows in torch.split(torch.arange(len(played.action)), AT_ONCE):
                offers = played.offers.only(rows).to(self.device)
                self.flops += self.player.flops(offers)
                said = self.reference.choice(offers, played.action[rows].to(self.device), self.temperature).logprobs.cpu()
                found.append(F.pad(said, (0, width - said.shape[1])))
        return torch.cat(found)

    # -----------------------------------------------------------------------------------------------------------------
    # What others have shown

    def _turn_demo(self, order: str) -> None:
        """A game that was not won so is no lesson: then none of its moves is found."""
        if order == OWN:
            self._show(())
            return
        one = Demonstration.read(order, self.clock + TURNS)
        found = len(one.moves(self.maker))
        if found:
            self._show((*self.demonstrations, one))
        self._dialled |= dial_told("demo", float(len(one.picks)), float(found))

    def _show(self, demonstrations: tuple[Demonstration, ...]) -> None:
        """These games are imitated from now on."""
        if demonstrations != self.demonstrations:
            self.demonstrations = demonstrations
            self._lessons = lessons(demonstrations, self.maker, self.reading)

    def _with_others(self, loss: Tensor, size: int) -> tuple[Tensor, Told]:
        """The loss with that of imitating what others have shown, beside `size` moves of its own; and what is told of it."""
        told = Told()
        if (examples := self.buffer.examples) is not None:
            there = len(examples["action"])
            imitated = self._imitated(examples, torch.randint(there, (min(size, there),), generator=self.streams["minibatches"]))
            loss, told["loss/examples_avg"] = loss + self.example_coef * imitated, imitated.item()
        if self._lessons is not None:
            imitated = self._imitated(self._lessons, torch.arange(len(self._lessons["action"])))
            loss, told["loss/demonstrations_avg"] = loss + WEIGHT * imitated, imitated.item()
        return loss, told

    def _imitated(self, examples: Mapping[str, Tensor], places: Tensor) -> Tensor:
        """The cross-entropy of some examples: the mean over the words of each, and over all of them."""
        rows = ready(examples, places, self.device)
        offers = Offers.of(rows)
        self.flops += 3 * self.player.flops(offers)
        with self.autocast():
            seen: Seen = self.player(offers, self.temperature)
        said = seen.of(rows["action"]).logprobs
        real = torch.arange(said.shape[1], device=self.device) < offers.words.gather(1, rows["action"][:, None])
        return imitation_losses(said, real).mean()

    @property
    def example_coef(self) -> float:
        return 0.0 if self.config.writing is None else self.config.writing.example_coef
