"""One adventure that a person plays: what a typed line means, what came of it, the map, the rewards and the record."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.modes.dungeon.games.components import PRESETS, Component, Outcome, parts
from rolltrain_tui.modes.dungeon.player.prompts import Memory, situation
from rolltrain_tui.modes.dungeon.worlds.chart import Chart
from rolltrain_tui.modes.dungeon.worlds.completion import LONGEST, meant
from rolltrain_tui.modes.dungeon.worlds.protocol import World

OFFERED = 4
"""Commands that are named when a line may mean several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The answer to one line."""

    command: str
    """What was understood; the line itself where it is no command."""
    text: str
    moved: bool
    """Whether the world accepted it. Only then it cost a move."""
    gained: int = 0
    """Points."""


@dataclass
class Sitting:
    """A game by one player. `record` holds a row for each command that reached the world; it is JSON."""

    world: World
    rewards: Sequence[Component] = PRESETS["game"]
    memory: Memory = field(default_factory=lambda: Memory(1))
    """Moves of the past in the recorded prompts."""
    chart: Chart = field(default_factory=Chart)
    record: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.seen = self.world.reset()
        self.chart.begin(self.world.place, self.seen)

    @property
    def par(self) -> int:
        """Moves of the walkthrough; 0 where there is none."""
        return len(self.world.walkthrough)

    def play(self, line: str) -> Told:
        """Takes a typed line: a number, a command, or the beginnings of its words."""
        found = meant(line, self.seen.admissible)
        if len(found) > 1:
            more = ", ..." if len(found) > OFFERED else ""
            shown = one_line(line, 40)
            return Told(command=shown, text=f"{shown} may mean: {', '.join(found[:OFFERED])}{more}. Type more of it.", moved=False)
        if not found and line.strip().isdecimal():
            return Told(command=one_line(line, 40), text=f"There is no command {one_line(line, 12)}; {self._offer()}.", moved=False)
        return self._carry_out(found[0] if found else line[:LONGEST])

    def _offer(self) -> str:
        count = len(self.seen.admissible)
        return f"choose 1 to {count}" if count else "the game is over"

    def _carry_out(self, command: str) -> Told:
        before = self.seen
        prompt = situation(f"{before.feedback}\n{before.description}\n".lstrip("\n"), before.inventory, before.admissible)
        now = self.world.step(command)
        shown = one_line(command, 60)
        if before.done:
            return Told(command=shown, text=now.feedback, moved=False)
        added = parts(self.rewards, Outcome.of(before, shown, now))
        self.record.append(
            {
                "move": self.world.moves,
                "prompt": self.memory.prompt(self.world.objective, prompt),
                "action": shown,
                "accepted": now.accepted,
                "observation": now.feedback,
                "score": now.score,
                "reward": sum(added),
                "reward_parts": {part.name: value for part, value in zip(self.rewards, added, strict=True)},
                "done": now.done,
                "won": now.won,
            }
        )
        if now.accepted:
            self.memory.add(prompt, shown, done=now.done)
            self.seen = now
            self.chart.follow(command, self.world.place, now)
        return Told(command=shown, text=now.feedback, moved=now.accepted, gained=now.score - before.score if now.accepted else 0)

    def verdict(self) -> str:
        """How the game ended, beside the par; "" while it goes on."""
        if not self.seen.done:
            return ""
        world = self.world
        if not self.seen.won:
            return f"The game is lost, after {counted(world.moves, 'move')} with {self.seen.score} of {counted(world.max_score, 'point')}."
        beside = f"; the par is {self.par}" if self.par else ""
        praise = " No way is shorter." if self.par and world.moves == self.par else ""
        return f"Won in {counted(world.moves, 'move')} with {self.seen.score} of {counted(world.max_score, 'point')}{beside}.{praise}"

    def head(self) -> dict[str, Any]:
        """The first row of a written record: which world it was."""
        world = self.world
        return {"world": world.title, "seed": world.seed, "objective": world.objective, "max_score": world.max_score, "par": self.par}
