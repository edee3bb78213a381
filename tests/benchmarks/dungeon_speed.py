"""How fast are the worlds of the dungeon? Seconds of the processor, on one thread; text and admissible commands are made at every step.

python tests/benchmarks/dungeon_speed.py [WORLDS]       worlds of each kind; TextWorld beside them where it is installed
"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from random import Random
from statistics import mean
from tempfile import TemporaryDirectory
from time import process_time

from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.protocol import World
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings, of_difficulty

KINDS = [
    (3, "coin", "normal"),
    (4, "coin", "normal"),
    (6, "coin", "normal"),
    (6, "cook", "normal"),
    (9, "cook", "normal"),
    (9, "cook", "hard"),
]
MOVES = 50


def random_games(worlds: Sequence[World], dice: Random) -> tuple[float, float]:
    """(steps a second, share of the games that were won within MOVES)."""
    began, steps, won = process_time(), 0, 0
    for world in worlds:
        seen = world.reset()
        for _ in range(MOVES):
            seen = world.step(seen.admissible[int(dice.random() * len(seen.admissible))])
            steps += 1
            if seen.done:
                won += seen.won
                break
    return steps / (process_time() - began), won / len(worlds)


def built_in(count: int) -> None:
    print("rooms quest difficulty   make ms   walkthrough ms   par mean/max   random wins   steps/s")
    for rooms, quest, difficulty in KINDS:
        maker = BuiltIn(of_difficulty(WorldSettings(rooms=rooms, quest=quest), difficulty))
        began = process_time()
        worlds = [maker(seed) for seed in range(count)]
        made = process_time()
        pars = [len(world.walkthrough) for world in worlds]
        searched = process_time()
        speed, won = random_games(worlds, Random(0))
        make, search = 1000 * (made - began) / count, 1000 * (searched - made) / count
        print(f"{rooms:5} {quest:5} {difficulty:10} {make:9.3f} {search:16.3f} {mean(pars):9.1f}/{max(pars):<4} {won:12.0%} {speed:9,.0f}")


def foreign() -> None:
    if find_spec("textworld") is None:
        print("\nTextWorld is not installed: pip install textworld")
        return
    from rolltrain_tui.modes.dungeon.worlds.textworld import TextWorlds

    with TemporaryDirectory() as folder:
        world = TextWorlds("coin_collector", level=5, folder=folder)(42)
        speed, _ = random_games([world] * 4, Random(0))
        world.close()
    print(f"\nTextWorld, coin collector, level 5: {speed:,.0f} steps/s with the same texts")


if __name__ == "__main__":
    built_in(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    foreign()
