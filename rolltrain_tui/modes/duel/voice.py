"""A game in words, move by move, and how a player stands with its judges."""

from collections.abc import Mapping
from typing import Any

import torch

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.experience import Games
from rolltrain_tui.modes.duel.game import Boards, after, mask_of
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, Match
from rolltrain_tui.modes.duel.table.position import AXES
from rolltrain_tui.modes.duel.trials import seated

SHOWN = 12
"""Moves of a game that are told; the rest is counted."""


def game(config: DuelConfig, player: Any, judge: str, stream: torch.Generator) -> str:
    """One game of a player of the hero's role against a judge, from a start of `stream`."""
    role, rules = config.table.hero, config.game
    host, agent = seated(role, player, judge)
    title = AGENTS[judge].title if role == "host" else HOSTS[judge].title
    boards = Games(role, rules, "ending", 1, [judge]).starts(1, stream)
    lines = [f"Against {title}, {points(boards)}"]
    chance = torch.rand(rules.limit, 2, 1, generator=stream, dtype=torch.float64)
    moves = 0
    while moves < rules.limit and not bool(boards.ended[0]):
        chosen = mask_of(host(boards, chance[moves, 0]), rules.dimension)
        axis = agent(boards, chosen, chance[moves, 1])
        boards = after(boards, chosen, axis, polytope=rules.polytope)
        moves += 1
        if moves <= SHOWN:
            picked = "".join(AXES[c] for c in chosen[:, 0].nonzero().flatten().tolist())
            lines.append(f"{moves}. host {picked}, agent {AXES[int(axis)]}: {points(boards)}")
    over = f"over after {counted(moves, 'move')}" if bool(boards.ended[0]) else f"not over after {counted(moves, 'move')}"
    lines.append(over if moves <= SHOWN else f"... {over}")
    return "\n".join(lines)


def points(boards: Boards) -> str:
    return counted(int(boards.counts[0]), "point")


def standing(role: Role, matches: Mapping[str, Match]) -> str:
    """rho of each judge, with its standard error and the share of unfinished games."""
    parts = []
    for name, match in matches.items():
        rho = match.rho()
        left = f", {rho.unfinished:.0%} unfinished" if rho.unfinished else ""
        parts.append(f"{name} {rho.value:.3f} ± {rho.standard_error:.3f}{left}")
    return "rho against " + "; ".join(parts) if role == "host" else "rho of " + "; ".join(parts)
