from math import exp
from statistics import mean, median

import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.events import DiceRolled, HeroFell, MonsterAppeared, MonsterFell, MonsterLeft

pytestmark = pytest.mark.slow


def journey(hero_class, seed):
    """2000 turns with no key pressed: the loss falls as in a small GPT, evaluated every 50 turns, a camp every 250. (level, facts)"""
    table = make_table(hero_class, seed=1000 * seed, encounter_mode="random", encounter_chance=0.01)
    table.game.learned(0, 4.2 + 1.6)
    story = []
    for turn in range(1, 2001):
        story += [fact for fact in table.play() if not isinstance(fact, DiceRolled)]
        table.facts.clear()
        if turn % 50 == 0:
            story += table.game.learned(turn, 4.2 * exp(-turn / 300) + 1.6)
        if turn % 250 == 0:
            story += table.game.camp(turn)
    return table.game.hero.level, story


def battles(story):
    """(monster, turns from its coming to its fall) of every battle won."""
    came = {}
    for fact in story:
        match fact:
            case MonsterAppeared(turn=turn, monster=monster):
                came[monster] = turn
            case MonsterFell(turn=turn, monster=monster):
                yield monster, turn - came.pop(monster)
            case MonsterLeft(monster=monster):
                came.pop(monster)


@pytest.mark.parametrize("hero_class", ["barbarian", "wizard"])
def test_an_unattended_hero_seldom_falls_and_grows(hero_class, count):
    """Falls in at most 2% of runs; median level at the end 3 to 9; 10 to 20 monsters a run, each beaten in 5 to 40 turns on average."""
    runs = count(12, 200)
    journeys = [journey(hero_class, seed) for seed in range(runs)]
    stories = [story for _, story in journeys]
    assert sum(bool(of(HeroFell, story)) for story in stories) <= max(1, 0.02 * runs)
    assert 3 <= median(level for level, _ in journeys) <= 9
    assert 10 <= mean(len(of(MonsterAppeared, story)) for story in stories) <= 20
    won = [battle for story in stories for battle in battles(story)]
    for monster in ("gradient_ooze", "weight_wraith", "loss_dragon"):
        lengths = [length for name, length in won if name == monster]
        assert len(lengths) > runs / 4
        assert 5 <= mean(lengths) <= 40
