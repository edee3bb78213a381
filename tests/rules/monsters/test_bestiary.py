"""The bestiary row by row: every number that decides when a monster comes, how hard it is, and what it does to training."""

import re

import pytest

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.health.signal_monitor import SignalMonitor
from rolltrain_tui.rules.monsters.due_monsters import DueMonsters
from rolltrain_tui.rules.monsters.monster import Affliction, Symptom
from rolltrain_tui.rules.monsters.monsters import BESTIARY, NEVER

Numbers = tuple[str, int, int, str, int, int, int]
NUMBERS: dict[str, Numbers] = {
    "gradient_ooze": ("1/2", 30, 8, "STR", 4, 3, 4),
    "loss_dragon": ("5", 100, 15, "DEX", 8, 3, 5),
    "weight_wraith": ("3", 60, 13, "CON", 6, 3, 4),
    "exploding_hydra": ("4", 60, 14, "STR", 8, 3, 5),
    "dead_neuron_lich": ("3", 50, 12, "CON", 6, 4, 5),
    "plateau_basilisk": ("2", 40, 11, "WIS", 6, 6, 5),
    "overfit_doppelganger": ("4", 80, 14, "CHA", 10, 3, 5),
    "nan_void": ("8", 20, 10, "CON", 12, 3, NEVER),
    "oscillation_harpy": ("2", 35, 13, "DEX", 6, 3, 4),
    "noise_swarm": ("1", 25, 10, "DEX", 4, 4, 4),
    "leak_imp": ("1", 10, 10, "INT", 4, 5, 6),
}
"""Challenge, hit points, armour class, stat of the saving throw, damage die, quiet turns, least d6 to act."""

Power = tuple[StepEffect, int, bool]
POWERS: dict[str, tuple[Power, Power]] = {
    "gradient_ooze": ((StepEffect(lr_scale=0.5), 3, False), (StepEffect(lr_scale=0.5), 1, False)),
    "loss_dragon": ((StepEffect(target_noise=0.1), 1, False), (StepEffect(target_noise=0.05), 1, False)),
    "weight_wraith": ((StepEffect(weight_noise=0.04), 1, False), (StepEffect(weight_noise=0.02), 1, False)),
    "exploding_hydra": ((StepEffect(clip_factor=4.0), 1, False), (StepEffect(clip_factor=2.0), 1, False)),
    "dead_neuron_lich": ((StepEffect(decay_factor=3.0), 5, False), (StepEffect(decay_factor=3.0), 2, False)),
    "plateau_basilisk": ((StepEffect(), 5, True), (StepEffect(), 1, True)),
    "overfit_doppelganger": ((StepEffect(), 1, False), (StepEffect(), 1, False)),
    "nan_void": ((StepEffect(), 0, False), (StepEffect(), 0, False)),
    "oscillation_harpy": ((StepEffect(weight_noise=0.02), 1, False), (StepEffect(weight_noise=0.01), 1, False)),
    "noise_swarm": ((StepEffect(batch_factor=0.5), 3, False), (StepEffect(batch_factor=0.5), 1, False)),
    "leak_imp": ((StepEffect(), 1, False), (StepEffect(), 1, False)),
}
"""Levers, turns and disadvantage after a failed saving throw, and after one that succeeded."""

SYMPTOMS: dict[str, tuple[Symptom, ...]] = {
    "gradient_ooze": (Symptom("update_ratio", "low", hold=2, unscouted=True), Symptom("step_excess", "low", hold=1)),
    "loss_dragon": (
        Symptom("loss_rise", "high", hold=5, unscouted=True),
        Symptom("above_chance", "high", hold=5, at_once=True),
        Symptom("step_excess", "high", hold=1, also=(("loss_rise", "high"),)),
    ),
    "weight_wraith": (Symptom("weight_growth", "high", hold=2),),
    "exploding_hydra": (Symptom("gradient_spike", "high", hold=1), Symptom("update_ratio", "high", hold=1)),
    "dead_neuron_lich": (Symptom("dead_units", "high", hold=2),),
    "plateau_basilisk": (
        Symptom(
            "projected_gain",
            "low",
            hold=60,
            unless=(("update_ratio", "low"), ("temperature", "high"), ("step_excess", "low"), ("step_excess", "high")),
        ),
    ),
    "overfit_doppelganger": (Symptom("gap", "high", hold=2, also=(("val_rise", "high"),)),),
    "nan_void": (Symptom("non_finite", "high", hold=1, at_once=True),),
    "oscillation_harpy": (Symptom("temperature", "high", hold=2, unscouted=True), Symptom("step_excess", "high", hold=1)),
    "noise_swarm": (Symptom("agree_fraction", "low", hold=3), Symptom("noise_scale", "high", hold=3)),
    "leak_imp": (Symptom("gap", "low", hold=5),),
}


def _power(act: Affliction) -> Power:
    return act.effect, act.turns, act.disadvantage


@pytest.mark.parametrize("name", BESTIARY.built_in)
def test_row(name: str) -> None:
    """A monster's numbers, powers and symptoms are those of the table above. Only the NaN Void fells by its coming."""
    row = BESTIARY[name]
    assert name in NUMBERS.keys() & POWERS.keys() & SYMPTOMS.keys(), (
        f"write the numbers, powers and symptoms of {name} into the tables above"
    )
    numbers = (row.challenge, row.hp, row.armour_class, row.save_stat, row.damage_die, row.lull, row.recharge)
    assert NUMBERS[name] == numbers
    assert POWERS[name] == (_power(row.failed), _power(row.saved))
    assert SYMPTOMS[name] == row.symptoms
    assert (name == "nan_void") == row.fells


def test_roll_to_trains_own_monsters() -> None:
    """The drop-in class lets the original's three come, in this order."""
    assert ["gradient_ooze", "loss_dragon", "weight_wraith"] == [row.name for row in BESTIARY.built_in.values() if row.original]


def test_what_held_before_a_return_to_the_camp_is_forgotten() -> None:
    """A symptom that held on the weights that were given up brings no monster; it must hold anew."""
    due, monitor = DueMonsters(), SignalMonitor()
    monitor.examined(1, {"dead_units": 1.0})
    for _ in range(2):
        due.hear(monitor, "examination")
    omen = due.due(1, None, scouting=False)
    assert omen is not None
    assert "dead_neuron_lich" == omen.monster.name
    due.forget()
    assert due.due(1, None, scouting=False) is None
    due.hear(monitor, "examination")
    assert due.due(1, None, scouting=False) is None
    due.hear(monitor, "examination")
    assert due.due(1, None, scouting=False) is not None


def test_what_a_monster_is_weak_to_are_names_that_a_hero_can_press() -> None:
    """A weakness names abilities and options as the screen does, else no hero's key is found for it; the ooze names all that push."""
    titles = {title for a in ABILITIES.values() for title in (a.title, *(option.title for option in a.options))}
    named = {name for row in BESTIARY.values() for name in re.findall(r"[A-Z][a-z]+(?: (?:of )?[A-Z][a-z]+)*", row.weak_to)}
    assert named - {"With"} <= titles
    rows = [row for a in ABILITIES.values() for row in (a, *a.options)]
    pushing = {row.title for row in rows if row.remedy == "slow"}
    assert all(title in BESTIARY["gradient_ooze"].weak_to for title in pushing)
