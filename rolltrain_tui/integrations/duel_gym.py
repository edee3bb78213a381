"""The duel as an environment of other people's libraries: `DuelEnv` for gymnasium, one role against a named player; `DuelAEC` for
PettingZoo, host and agent in turn. Needs `pip install rolltrain-tui[gym]`.

A board is (N, d) of shares of its largest coordinate, the points in falling order of their first one, with -1 where a point is gone. A
host's action is a code (`game.choices`), an agent's a coordinate. The host earns 1 for the move that ends the game, and the agent loses 1.
"""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, ClassVar

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.utils import EzPickle
from numpy.random import Generator
from pettingzoo import AECEnv
from pettingzoo.utils import wrappers

from rolltrain_tui.integrations.gym_step import check_under_way, choice_of
from rolltrain_tui.modes.duel.game import Boards, GameError, Polytope, actions, after, begun, check_hope, choices, features, mask_of
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, Player

LIMIT = 100


class Table:
    """One game as both libraries play it."""

    def __init__(self, dimension: int, points: int, highest: int, polytope: Polytope) -> None:
        """GameError for numbers that make no game."""
        if points < 2 or highest < 1:
            raise GameError(f"a game of {points} points up to {highest} is over before it begins; use at least 2 points, up to 1 or more")
        self.dimension, self.points, self.highest, self.polytope = dimension, points, highest, polytope
        self.actions = actions(dimension)
        self.board = Boards.of(torch.zeros(1, 1, dimension))

    def start(self, draw: Generator, given: Sequence[Sequence[int]] | None = None) -> None:
        """New points: those given, or drawn until the game is not over before it begins. GameError where hardly any is such a game."""
        for draws in count():
            check_hope(draws, 0, self.points, self.dimension, self.highest)
            drawn = torch.tensor(given if given is not None else draw.integers(0, self.highest + 1, (self.points, self.dimension)).tolist())
            if drawn.dim() != 2 or drawn.shape[1] != self.dimension or not 1 <= len(drawn) <= self.points:
                raise GameError(f"points must be up to {self.points} rows of {self.dimension} whole numbers")
            self.board = begun(Boards.of(drawn[None]), polytope=self.polytope)
            if given is not None or not self.over:
                return

    @property
    def over(self) -> bool:
        return bool(self.board.ended[0])

    def seen(self) -> Any:
        """(N, d) float32."""
        return features(self.board, self.points)[0].float().numpy()

    def chosen(self, code: int) -> torch.Tensor:
        """The coordinates of a host's action: (d, 1) bool."""
        return mask_of(torch.tensor([code]), self.dimension)

    def move(self, code: int, axis: int) -> None:
        self.board = after(self.board, self.chosen(code), torch.tensor([axis]), polytope=self.polytope)

    def told(self) -> str:
        """The board as text, a line a point."""
        return "\n".join(" ".join(f"{value:.3f}" for value in point) for point in self.seen().tolist() if point[0] >= 0)


class DuelEnv(gymnasium.Env):
    """One role against a named player. `info["action_mask"]` has 1 for each legal action.

    An agent that takes a coordinate that the host did not name loses at once: reward -1, and `info["illegal"]` says why.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012 - gymnasium's own class attribute

    def __init__(
        self,
        role: Role = "host",
        opponent: str = "random",
        *,
        dimension: int = 3,
        points: int = 20,
        highest: int = 20,
        limit: int = LIMIT,
        polytope: Polytope = "pareto",
        render_mode: str | None = None,
    ) -> None:
        """`opponent`: for a host random, first or last; for an agent random, random_pairs, all or zeillinger. GameError, in words."""
        players: Mapping[str, Player[Any]] = AGENTS if role == "host" else HOSTS
        if role not in ("host", "agent") or opponent not in players:
            raise GameError(f"{opponent!r} is no opponent of a role {role!r}; for this role there are {', '.join(players)}")
        self.role, self.limit, self.render_mode = role, limit, render_mode
        self.table = Table(dimension, points, highest, polytope)
        self._player = players[opponent].move
        board = spaces.Box(-1.0, 1.0, (points, dimension), np.float32)
        host = role == "host"
        self._choices = self.table.actions if host else dimension
        self.action_space = spaces.Discrete(self._choices)
        self.observation_space = board if host else spaces.Dict({"points": board, "chosen": spaces.MultiBinary(dimension)})
        self._code = 0
        self._moves = 0
        self._under_way = False

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """`options={"points": [[...], ...]}` begins from these."""
        super().reset(seed=seed)
        self.table.start(self.np_random, (options or {}).get("points"))
        self._moves, self._under_way = 0, True
        self._ask_host()
        return self._seen(), self._info()

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """ValueError where no game is under way, and for an action that is none."""
        check_under_way(self._under_way)
        choice = choice_of(action, self._choices)
        if self.role == "host":
            self._code = choice
            chance = torch.tensor([self.np_random.random()], dtype=torch.float64)
            axis = int(self._player(self.table.board, self.table.chosen(self._code), chance))
        elif not self._mask()[axis := choice]:
            self._under_way = False
            return self._seen(), -1.0, True, False, {**self._info(), "illegal": f"the host did not name coordinate {axis}"}
        self.table.move(self._code, axis)
        self._moves += 1
        over = self.table.over
        self._ask_host()
        reward = (1.0 if self.role == "host" else -1.0) if over else 0.0
        self._under_way = not over and self._moves < self.limit
        return self._seen(), reward, over, not over and not self._under_way, self._info()

    def render(self) -> str | None:
        return self.table.told() if self.render_mode == "ansi" else None

    def _ask_host(self) -> None:
        """Where the agent learns, the host names its coordinates first."""
        if self.role == "agent" and not self.table.over:
            self._code = int(self._player(self.table.board, torch.tensor([self.np_random.random()], dtype=torch.float64)))

    def _mask(self) -> Any:
        if self.role == "host":
            return np.ones(self.table.actions, np.int8)
        return self.table.chosen(self._code)[:, 0].numpy().astype(np.int8)

    def _seen(self) -> Any:
        return self.table.seen() if self.role == "host" else {"points": self.table.seen(), "chosen": self._mask()}

    def _info(self) -> dict[str, Any]:
        return {"action_mask": self._mask(), "moves": self._moves}


class DuelAEC(AECEnv, EzPickle):
    """Host and agent in turn. Observations: {"observation": board and named coordinates (N + 1, d), "action_mask": (A,) or (d,)}."""

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi"], "name": "polyhedra_duel_v0", "is_parallelizable": False}

    def __init__(
        self,
        *,
        dimension: int = 3,
        points: int = 20,
        highest: int = 20,
        limit: int = LIMIT,
        polytope: Polytope = "pareto",
        render_mode: str | None = None,
    ) -> None:
        """GameError for numbers that make no game."""
        EzPickle.__init__(
            self, dimension=dimension, points=points, highest=highest, limit=limit, polytope=polytope, render_mode=render_mode
        )
        super().__init__()
        self.table, self.limit, self.render_mode = Table(dimension, points, highest, polytope), limit, render_mode
        self.possible_agents = ["host", "agent"]
        counts = {"host": self.table.actions, "agent": dimension}
        self.action_spaces = {role: spaces.Discrete(count) for role, count in counts.items()}
        board = spaces.Box(-1.0, 1.0, (points + 1, dimension), np.float32)
        self.observation_spaces = {
            role: spaces.Dict({"observation": board, "action_mask": spaces.MultiBinary(count)}) for role, count in counts.items()
        }
        self._draw = np.random.default_rng()
        self._code: int | None = None

    def observation_space(self, agent: str) -> Any:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: Mapping[str, Any] | None = None) -> None:
        """As of `DuelEnv`."""
        if seed is not None:
            self._draw = np.random.default_rng(seed)
        self.table.start(self._draw, (options or {}).get("points"))
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {role: {} for role in self.agents}
        self.agent_selection, self._code, self._moves = "host", None, 0

    def observe(self, agent: str) -> dict[str, Any]:
        named = self._named()
        mask = np.ones(self.table.actions, np.int8) if agent == "host" else named.astype(np.int8)
        return {"observation": np.concatenate([self.table.seen(), named[None].astype(np.float32)]), "action_mask": mask}

    def step(self, action: int | None) -> None:
        role = self.agent_selection
        if self.terminations[role] or self.truncations[role]:
            self._was_dead_step(action)
            return
        choice = choice_of(action, int(self.action_spaces[role].n))
        self._cumulative_rewards[role] = 0.0
        self._clear_rewards()
        if role == "host":
            self._code, self.agent_selection = choice, "agent"
        else:
            if not self._named()[choice] or self._code is None:
                raise GameError(f"the host did not name coordinate {choice}; take one of those whose action_mask is 1")
            self.table.move(self._code, choice)
            self._code, self.agent_selection = None, "host"
            self._moves += 1
            if self.table.over:
                self.rewards = {"host": 1.0, "agent": -1.0}
                self.terminations = dict.fromkeys(self.agents, True)
            elif self._moves >= self.limit:
                self.truncations = dict.fromkeys(self.agents, True)
        self._accumulate_rewards()

    def render(self) -> str | None:
        return self.table.told() if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Nothing is open."""

    def _named(self) -> Any:
        """(d,) bool; all before the host has named any."""
        if self._code is None:
            return np.ones(self.table.dimension, bool)
        return choices(self.table.dimension)[self._code].numpy()


def aec(**options: Any) -> Any:
    """`DuelAEC` with PettingZoo's usual wrappers: an illegal action ends the game and loses it, and calls out of order are errors."""
    env = wrappers.TerminateIllegalWrapper(DuelAEC(**options), illegal_reward=-1)
    return wrappers.OrderEnforcingWrapper(wrappers.AssertOutOfBoundsWrapper(env))
