"""Powers: what one does not say that it changes stays as the rules have it."""

from dataclasses import replace

from support.tabletop import make_table

from rolltrain_tui.protocol.events import MonsterActed
from rolltrain_tui.rules.classes.ability import Power


def test_a_power_that_says_nothing_changes_nothing():
    """In force and by itself, through thirty turns with monsters: the same rolls, saves, wounds and steps as without it."""

    def fought(*names):
        table = make_table(level=5, auto=names, encounter_mode="random", encounter_chance=0.9)
        loadout = table.game.loadout
        loadout.abilities = tuple(replace(ability, power=Power()) for ability in loadout.abilities)
        for name in names:
            loadout.held[name].begin("live", None)
        effects = [(table.play(), table.effect)[1] for _ in range(30)]
        assert any(isinstance(fact, MonsterActed) for fact in table.facts)
        return table.facts, effects

    assert fought() == fought("rage", "reckless_attack")
