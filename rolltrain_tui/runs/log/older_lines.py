"""Lines of older chronicles, rewritten as they are written today.

A run that goes on appends lines of today's format, so one chronicle may hold several formats, and each line is judged by itself.
Before format 3, an event wrote those parts of the character sheet that it changed among its own fields. Since format 3 it carries the
whole sheet. An older line is completed with the sheet as it was before the event. Before format 4, numbers of a step that was not measured
stood as 0, and its k as 1. Games were told to be over after "1 moves" or with "0 of 1 points", and refusals and the XP of a prediction
said "foretell" for predict.
"""

import math
import re
from dataclasses import fields, replace
from types import NoneType
from typing import Any

from rolltrain_tui.base.json_records import TAG, codec, dump_json, parse_json
from rolltrain_tui.protocol.events import EVENTS
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.rules.hero.levels import TOP_LEVEL, XP_TABLES, ability_modifier

_PARTS = frozenset(part.name for part in fields(Sheet))
_WITH_SHEET = frozenset(name for name, event in EVENTS.items() if "sheet" in (part.name for part in fields(event)))


def brought_up(line: dict[str, Any], before: Sheet) -> dict[str, Any]:
    """An event's line as it is written today. `before` is the sheet that the event found. RecordError for a part of the wrong type."""
    name = line.get(TAG)
    if name == "StepTaken":
        return _measured_only(line)
    if name == "Spoke" and type(line.get("text")) is str:
        return line | {"text": _ONE_POINT.sub(r"\1 point", _ONE_MOVE.sub(r"\1 1 move", line["text"]))}
    if name == "XPGained" and line.get("cause") == "a true foretelling":
        return line | {"cause": "a right prediction"}
    if name == "CommandRefused" and type(line.get("reason")) is str:
        return line | {"reason": _FORETELL.sub(lambda found: _PREDICT[found[0]], line["reason"])}
    if name == "CampaignBegan" and "objective" not in line:
        line = _with_objective(line)
    if name == "CampaignEnded":
        line = {field: value for field, value in line.items() if field != "floor"}  # the objective of the beginning has it
    if type(name) is not str or name not in _WITH_SHEET or "sheet" in line:
        return line
    if name == "CampaignBegan" and "hero" in line:
        line = {"name" if field == "hero" else field: value for field, value in line.items()}
    known = {field: value for field, value in line.items() if field in _PARTS}
    told = codec(Sheet).load(known)
    sheet = replace(before, **{field: getattr(told, field) for field in known})
    if name == "CampaignBegan":
        sheet = replace(sheet, xp=_xp_at_start(sheet))
    if name == "StatRaised" and type(line.get("score")) is int:
        sheet = replace(sheet, stats=tuple((stat, line["score"] if stat == line.get("stat") else score) for stat, score in sheet.stats))
    scores = dict(sheet.stats)
    if "INT" in scores:
        sheet = replace(sheet, modifier=ability_modifier(scores["INT"]))
    plain = parse_json(dump_json(codec(Sheet).dump(sheet)))
    return {field: value for field, value in line.items() if field not in _PARTS} | {"sheet": plain}


_PREDICT = {
    "Foretell lower,": "Predict lower,",
    "Foretold already:": "Predicted already:",
    "too early to foretell:": "too early to predict:",
    "foretell an evaluation": "predict an evaluation",
    "Nothing is foretold in": "Nothing is predicted in",
}
"""What refusals said, and what they say now."""
_FORETELL = re.compile("|".join(map(re.escape, _PREDICT)))
_ONE_MOVE = re.compile(r"^((?:\.\.\. )?(?:not )?(?:over after|won in)|.*\(walkthrough:) 1 moves(?=$|\)$|, \d+ of )", re.MULTILINE)
"""How the end of a game of one move was told, and how long a walkthrough of one is."""
_ONE_POINT = re.compile(r"^((?:\.\.\. )?not won in \d+ moves?, \d+ of 1) points$", re.MULTILINE)
"""How a game in a world of one point was told that was not won."""

_UNMEASURED = {
    (True, 1.0): {"proposed_norm": None, "applied_norm": None, "k_effective": None},  # a plain step
    (True, 0.0): {"proposed_norm": None},  # k = 0: the optimiser was not asked
    (False, 0.0): {"proposed_norm": None},  # not finite: nothing was applied
}
"""Finite, k_effective -> what the zeros of an older line meant."""


def _measured_only(line: dict[str, Any]) -> dict[str, Any]:
    """A step whose norms are both 0 was not measured. A measured one has a proposed norm, also where its k is 0."""
    finite, felt = line.get("finite"), line.get("k_effective")
    zeros = all(line.get(norm) == 0 and type(line[norm]) is float for norm in ("proposed_norm", "applied_norm"))
    if not zeros or type(finite) is not bool or type(felt) is not float or (finite and felt == 0 and line.get("k_requested") != 0):
        return line
    return line | _UNMEASURED.get((finite, felt), {})


def _with_objective(line: dict[str, Any]) -> dict[str, Any]:
    """Before there were objectives every run measured a validation loss; a beginning told its floor and its vocabulary."""
    rest = {field: value for field, value in line.items() if field not in ("vocabulary", "floor")}
    vocabulary, floor, weights = line.get("vocabulary"), line.get("floor"), line.get("parameters")
    if type(vocabulary) is not int or type(weights) is not int or type(floor) not in (float, int, NoneType):
        return line  # not one of ours; the reader says what is missing
    own = line.get("kind") == "module"
    choices = f", {vocabulary} {'answers' if own else 'tokens'}" if vocabulary else ""
    chance = math.log(vocabulary) if vocabulary > 0 else None
    objective = Objective(unit="" if own else Objective().unit, chance=chance, limit=floor)
    return rest | {"objective": codec(Objective).dump(objective), "model": f"{weights:,} weights{choices}"}


def _xp_at_start(sheet: Sheet) -> int:
    """A hero begins with the XP of its level: the table is the one that has this next level."""
    if not 1 <= sheet.level <= TOP_LEVEL:
        return 0
    following = min(sheet.level, TOP_LEVEL - 1)
    return next((table[sheet.level - 1] for table in XP_TABLES.values() if table[following] == sheet.next_level_xp), 0)
