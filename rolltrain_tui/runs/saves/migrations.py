"""Saves of older formats, upgraded to the format of today: one step a format, each a function of campaign text and state.

A format changes when the state or the campaign file gains a part. An older run continues without the parts that it began without. Tensors
keep their names.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

Step = Callable[[str, dict[str, Any]], tuple[str, dict[str, Any]]]

FORMAT_VERSION = 2
"""The format that saves are written in."""


def bring_up(version: int, config_text: str, state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A campaign file and a state of an older format, in the format of today."""
    for older in range(version, FORMAT_VERSION):
        config_text, state = STEPS[older](config_text, state)
    return config_text, state


# Format 1: the first game. Format 2 has diagnosis, loot and predictions, acts and endings, the Validation Gate and the shadow twin.

_SECTIONS_OF_2 = {
    "diagnosis": "diagnosis: {examine: false, scouting: 60}",
    "adventure": "adventure: {predictions: false, loot: false, choices: false, energy: null}",
    "acts": "acts: []",
    "endings": "endings: []",
    "gate": "gate: {mode: off, tolerance: 0.05, xp: 100}",
    "twin": "twin: {mode: off, turns: 20, sequences: 128}",
}
_GAME_OF_2: Mapping[str, Any] = {
    "watch": {
        "values": {},
        "seen": {},
        "loss": None,
        "lowest": None,
        "losses": [],
        "gradient": None,
        "gradients": 0,
        "spikes": [],
        "lost_turns": [],
        "validations": [],
        "best": None,
    },
    "omens": {"held": {}, "paused": {}},
    "bag": {"items": {}, "in_force": {}},
    "inspiration": {"inspired": False, "guess": "", "before": None, "last": None},
}


def of_format_1(config_text: str) -> bool:
    """Whether a run's campaign file was written by the first game, whose turns were other ones."""
    there = set(re.findall(r"^(\w+):", config_text, re.MULTILINE))
    return {"schema_version", "dice", "encounters"} <= there and not there & _SECTIONS_OF_2.keys()


def _from_1(config_text: str, state: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    try:
        campaign = _campaign_of_2(state["campaign"])
    except (LookupError, TypeError, AttributeError):
        return config_text, state  # not one of the game's; whoever reads it will say so
    missing = [text for name, text in _SECTIONS_OF_2.items() if not re.search(rf"^{name}:", config_text, re.MULTILINE)]
    return "\n".join([config_text.rstrip("\n"), *missing, ""]), {**state, "campaign": campaign}


def _campaign_of_2(campaign: Mapping[str, Any]) -> dict[str, Any]:
    game = {**_GAME_OF_2, **campaign["game"]}
    life = {"growth": {"since": game["life"]["hero"]["level"], "taken": 0}, **game["life"]}
    life["kit"] = {"losses": {"last": None, "before": None, "ema": None, "felt": 1.0}, **life["kit"]}
    game |= {"life": life, "encounters": {"haunt": None, **game["encounters"]}}
    shadow = {"gflop": 0.0, "walk": None, **campaign.get("shadow", {})}
    if "twin" in shadow:
        shadow["twin"] = {"looks": [], **shadow["twin"]}
    return {"ghost": None, **campaign, "game": game, "shadow": shadow}


STEPS: Mapping[int, Step] = {1: _from_1}
