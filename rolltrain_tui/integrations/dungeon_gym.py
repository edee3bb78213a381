"""The dungeon as an environment of gymnasium. Needs `pip install rolltrain-tui[gym]`.

An observation is a text: what the last command did, the room, and what is carried. An action is the number of an admissible command, or
with `actions="text"` the command itself. What is admissible now stands in `info`, under TextWorld's names.
"""

from collections.abc import Mapping, Sequence
from string import ascii_letters, digits, punctuation
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.integrations.gym_step import check_under_way, number_of
from rolltrain_tui.modes.dungeon.games.components import PRESETS, Component, Outcome, parts
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.foreign import LONGEST
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, Observation, World
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings

CHARACTERS = ascii_letters + digits + punctuation + " "
LONGEST_COMMAND = 200
MOST = 24
"""Commands that can be admissible at once in a built-in world, and some more."""


class DungeonEnv(gymnasium.Env):
    """Each reset opens another world, drawn from `worlds` seeds; `options={"world": 7}` opens that one.

    Terminated: won or lost. Truncated: after `limit` steps. `info["action_mask"]` has 1 for each number that is a command now; another
    number is refused like any other command that the world does not accept.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012 - gymnasium's own class attribute

    def __init__(
        self,
        maker: Maker | None = None,
        *,
        worlds: int = 5000,
        limit: int = 50,
        actions: Literal["number", "text"] = "number",
        rewards: Sequence[Component] = PRESETS["game"],
        render_mode: str | None = None,
        **settings: Any,
    ) -> None:
        """`settings`: those of `WorldSettings`, such as rooms=6; `maker` instead of them for other worlds. ValueError, in words."""
        if maker is not None and settings:
            raise ValueError(f"{', '.join(settings)}: a maker has its own settings; give one or the other")
        if worlds < 1 or limit < 1 or actions not in ("number", "text"):
            raise ValueError(f"worlds {worlds}, limit {limit}, actions {shown(actions)}: give counts from 1 on, and number or text")
        self._maker: Maker = maker or BuiltIn(WorldSettings(**settings))
        self._worlds, self._limit, self._text, self._rewards = worlds, limit, actions == "text", rewards
        self.render_mode = render_mode
        self.observation_space = spaces.Text(3 * LONGEST, min_length=0, charset=CHARACTERS)
        self.action_space = spaces.Text(LONGEST_COMMAND, min_length=0, charset=CHARACTERS) if self._text else spaces.Discrete(MOST)
        self._world: World | None = None
        self._seen: Observation
        self._steps = 0
        self._under_way = False

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.close()
        given = (options or {}).get("world")
        self._world = self._maker(int(self.np_random.integers(self._worlds)) if given is None else int(given))
        self._seen, self._steps, self._under_way = self._world.reset(), 0, True
        return self._told(), self._info([0.0] * len(self._rewards))

    def step(self, action: Any) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """ValueError where no game is under way, and for an action that is no number where it is one."""
        check_under_way(self._under_way)
        assert self._world is not None
        before = self._seen
        command = str(action) if self._text else self._command(number_of(action))
        self._seen = now = self._world.step(command)
        self._steps += 1
        added = parts(self._rewards, Outcome.of(before, command, now))
        self._under_way = not now.done and self._steps < self._limit
        return self._told(), float(sum(added)), now.done, not now.done and not self._under_way, self._info(added)

    def _command(self, number: int) -> str:
        """An admissible command by its number; "", which the world refuses, for a number without one."""
        admissible = self._seen.admissible
        return admissible[number] if 0 <= number < len(admissible) else ""

    def render(self) -> str | None:
        return self._told() if self.render_mode == "ansi" else None

    def close(self) -> None:
        if self._world is not None:
            self._world.close()

    def _told(self) -> str:
        told = " ".join(filter(None, self._seen[:3]))
        return "".join(char if char in CHARACTERS else "?" for char in told)

    def _info(self, added: Sequence[float]) -> dict[str, Any]:
        """TextWorld's names, the mask, and what each reward component added."""
        assert self._world is not None
        world, seen = self._world, self._seen
        mask = np.zeros(MOST, np.int8)
        mask[: len(seen.admissible)] = 1
        return {
            "admissible_commands": list(seen.admissible),
            "action_mask": mask,
            "description": seen.description,
            "inventory": seen.inventory,
            "objective": world.objective,
            "score": seen.score,
            "max_score": world.max_score,
            "won": seen.won,
            "lost": seen.lost,
            "policy_commands": list(world.walkthrough),
            "reward_parts": {part.name: value for part, value in zip(self._rewards, added, strict=True)},
        }
