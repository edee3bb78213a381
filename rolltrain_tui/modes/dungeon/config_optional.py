"""Sections of a dungeon's campaign that may be left out: examinations in TextWorld, and what is written down of the games."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_validator

from rolltrain_tui.config.section import Section, wrong


class TextWorldConfig(Section):
    """Evaluations are played in games of TextWorld's, which the player has never seen. Extra textworld."""

    game: Literal["coin_collector", "treasure_hunter", "cooking", "simple"]
    """Which kind of game."""
    level: Annotated[int, Field(ge=1, le=300)] | None
    """How hard; null for cooking and simple. For coin_collector: rooms on the way; 105 and 205 have five, and blind alleys besides."""

    @field_validator("level")
    @classmethod
    def _levels_where_there_are_some(cls, level: int | None, info: ValidationInfo) -> int | None:
        game = info.data.get("game")
        if game in ("cooking", "simple") and level is not None:
            raise wrong(f"belongs to no game of {game}", "write null")
        if game in ("coin_collector", "treasure_hunter") and level is None:
            raise wrong(f"is missing: games of {game} have levels", "write a whole number such as 5")
        if game == "treasure_hunter" and level is not None and level > 30:
            raise wrong("is more than treasure_hunter has", "write a whole number from 1 to 30")
        return level

    @property
    def title(self) -> str:
        level = f", level {self.level}" if self.level is not None else ""
        return f"TextWorld's {self.game.replace('_', ' ')}{level}"


class RecordConfig(Section):
    """What is written down of the games."""

    best_game: StrictBool
    """At the end the best game of the last examination is told as a story."""
    trajectories: Annotated[float, Field(gt=0, le=10_000)] | None
    """Megabytes at most of trajectories.jsonl in the run's folder: of each move of training prompt, command, log-probabilities, and reward
    with its parts. null: none is written."""
