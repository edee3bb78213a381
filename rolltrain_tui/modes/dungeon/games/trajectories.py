"""Trajectories of training: of each move the prompt, the command, its log-probabilities, and the reward with its parts. Rows are JSON."""

from typing import Any

from rolltrain_tui.modes.dungeon.games.play import Played
from rolltrain_tui.modes.dungeon.games.rewards import Rewards
from rolltrain_tui.modes.dungeon.player.reading import Reading
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation

DIGITS = 6
"""Decimals of log-probabilities and rewards."""


class Witness:
    """Sees the moves of one round of games as they are played."""

    def __init__(self, reading: Reading, rewards: Rewards, turn: int) -> None:
        self._reading, self._rewards, self._turn = reading, rewards, turn
        self._seen: dict[tuple[int, int], dict[str, Any]] = {}

    def __call__(self, game: int, move: int, seed: int, before: Observation, command: str, now: Observation) -> None:
        """`move`: its number in this round; `seed`: of the game's world."""
        parts = {name: round(value, DIGITS) for name, value in self._rewards.parts(before, command, now).items()}
        self._seen[game, move] = {
            "turn": self._turn,
            "game": game,
            "move": move,
            "seed": seed,
            "prompt": self._reading.text(before),
            "action": command,
            "accepted": now.accepted,
            "reward": round(sum(parts.values()), DIGITS),
            "reward_parts": parts,
            "score": now.score,
            "done": now.done,
            "won": now.won,
        }

    def rows(self, played: Played) -> tuple[dict[str, Any], ...]:
        """Game by game, each with what the player thought of its command: nats, one number for each word that it decided on."""
        there = zip(played.game.tolist(), played.move.tolist(), played.choice.logprobs.tolist(), played.mask.tolist(), strict=True)
        return tuple(
            self._seen[game, move] | {"logprobs": [round(value, DIGITS) for value, real in zip(logprobs, mask, strict=True) if real]}
            for game, move, logprobs, mask in there
        )
