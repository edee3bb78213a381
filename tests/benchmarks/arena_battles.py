"""How often the better agent wins, and how often a mere seed does: a hundred battles each.

    python tests/benchmarks/arena_battles.py [BATTLES [FIRST]]          by default 100, on seeds from 0 on

Two agents that differ only in their seed should draw: at 95 % confidence a few in a hundred do not. An agent whose learning rate is ten
times too small should lose to one whose is not.
"""

import sys
from dataclasses import replace

from rolltrain_tui.arena.agents.agents import Recipe, Shape
from rolltrain_tui.arena.agents.corpora import text_facts
from rolltrain_tui.arena.battles.battle import result
from rolltrain_tui.arena.battles.matches import Contender, Terms, floor_score


def battles(n: int, first: Recipe, second: Recipe, steps: int = 100, first_seed: int = 0) -> tuple[int, int, int]:
    """(wins of the first, draws, losses) in n battles, each on seeds of its own."""
    facts, shape = text_facts("names"), Shape(n_embd=16, n_layer=1, n_head=4)
    terms = Terms(
        corpus="names",
        text_sha256=facts.sha256,
        vocabulary=facts.vocabulary,
        budget=float(steps),
        unit="steps",
        floor=floor_score("names", facts.vocabulary),
    )
    counts = [0, 0, 0]
    for battle in range(n):
        pair = (Contender(name="First", shape=shape, recipe=first), Contender(name="Second", shape=shape, recipe=second))
        winner = result(replace(terms, first_seed=first_seed + battle * terms.seeds), pair).winner
        counts[{0: 0, None: 1, 1: 2}[winner]] += 1
    return counts[0], counts[1], counts[2]


def measure(n: int = 100, first_seed: int = 0) -> dict[str, tuple[int, int, int]]:
    usual = Recipe()
    return {
        "another seed": battles(n, usual, replace(usual, seed=1), first_seed=first_seed),
        "ten times the learning rate": battles(n, usual, replace(usual, learning_rate=usual.learning_rate / 10), first_seed=first_seed),
    }


if __name__ == "__main__":
    for name, (won, drawn, lost) in measure(*map(int, sys.argv[1:])).items():
        print(f"{name:<30} won {won:3}  drawn {drawn:3}  lost {lost:3}")
