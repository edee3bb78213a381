"""Does the host of `duel_first` pass Zeillinger?

    python tests/benchmarks/duel_learning.py [SEEDS [TURNS [GAMES [PATH=VALUE ...]]]]        seeds as 0,1,2; settings as table.permute=true

For each seed it trains plainly, on one thread, and prints rho, finished games per move with its standard error, against each agent over
the turns, with all fixed hosts beside it. At the end each seed is held against Zeillinger: the difference, in standard errors. GAMES are
those of each pair, from starts that are not those of the campaign's evaluations. A host of deep Q-learning published by others had
.033 against the agent that chooses first, and .165 against the random one, at 20 points in 3 dimensions. 0 turns: the fixed hosts alone.
"""

import sys
from math import hypot
from pathlib import Path
from time import process_time

import torch

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.experience import Games
from rolltrain_tui.modes.duel.game import Boards
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, Host, Rho, chances, play
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.training.state.streams import random_stream

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
LOOKS = 6
"""Rows of the table, evenly over the turns."""


def standings(host: Host, starts: Boards, limit: int) -> dict[str, Rho]:
    """rho of a host against each agent, from the same starts with the same chance."""
    chance = chances(limit, len(starts), random_stream(1, "benchmark chance"))
    return {name: play(host, agent.move, starts, limit, chance).rho() for name, agent in AGENTS.items()}


def line(who: str, found: dict[str, Rho]) -> str:
    cells = [f"{rho.value:.4f} ± {rho.standard_error:.4f} ({rho.unfinished:5.1%})" for rho in found.values()]
    return f"{who:>22}  " + "  ".join(cells)


def main(seeds: str = "0,1,2", turns: str = "9000", games: str = "4000", *settings: str) -> None:
    train(list(map(int, seeds.split(","))), int(turns), int(games), settings)


def train(seeds: list[int], turns: int, games: int, settings: tuple[str, ...]) -> None:
    torch.set_num_threads(1)
    config = load(CAMPAIGNS / "duel_first.yaml", ("device.threads=1",))
    limit = config.game.limit
    starts = Games("host", config.game, "ending", games, ["random"]).starts(games, random_stream(1, "benchmark starts"))
    print(f"rho ± standard error (unfinished at {limit} moves), {games} games each" + "".join(f", {setting}" for setting in settings))
    print(f"{'':>22}  " + "  ".join(f"{'against ' + name:<24}" for name in AGENTS))
    experts = {name: standings(host.move, starts, limit) for name, host in HOSTS.items()}
    for name, found in experts.items():
        print(line(name, found), flush=True)
    for seed in seeds if turns else ():
        asked = ("device.threads=1", f"seed={seed}", f"turns={turns}", *settings)
        learner = build(load(CAMPAIGNS / "duel_first.yaml", asked), base=CAMPAIGNS)
        assert isinstance(learner, DuelLearner)
        found, spent = {}, 0.0
        for turn in range(turns + 1):
            began = process_time()
            if turn:
                learner.step(NEUTRAL)
            spent += process_time() - began
            if turn % max(1, turns // LOOKS) == 0 or turn == turns:
                with learner.at_rest():
                    player = learner.player()
                    found = standings(player, starts, limit)  # type: ignore[arg-type]
                print(line(f"seed {seed}, turn {turn}", found) + f"  {spent:.0f} CPU-s", flush=True)
        par = experts["zeillinger"]
        for name in AGENTS:
            error = hypot(found[name].standard_error, par[name].standard_error)
            away = (found[name].value - par[name].value) / error if error else 0.0
            print(f"    seed {seed} against {name}: {away:+.1f} standard errors from Zeillinger", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
