"""A game that was won, as an order has it: the seed of its world, then the place of each command among those on offer, from 1.

Such as "5120, 1, 3, 2". No torch.
"""

from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.worlds.completion import plain
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker


def spelled(game: Sitting, maker: Maker) -> str:
    """`maker` made the game's world."""
    world = maker(game.world.seed)
    seen, picks = world.reset(), []
    for row in game.record:
        if row["accepted"]:
            command = plain(row["action"])
            picks.append(seen.admissible.index(command) + 1)
            seen = world.step(command)
    world.close()
    return ", ".join(map(str, (game.world.seed, *picks)))
