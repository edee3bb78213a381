"""The phrases that sentences, tables and screens have in common: titles, numbers, errors, commands, and how a run ended."""

import math
from collections.abc import Mapping
from functools import cache

from rolltrain_tui.base.grammar import HUGE, decimals, minus
from rolltrain_tui.protocol import commands as asked
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.dials import OWN, OWN_WORDS
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.rules.monsters.loot import ITEMS
from rolltrain_tui.rules.monsters.monsters import BESTIARY

HOW_IT_ENDED: Mapping[ev.Ending, str] = {"victory": "Played to the end", "fallen": "Fallen", "spent": "Out of energy"}


@cache
def title(name: str) -> str:
    """The title of an ability, an option, a monster, a class, an item or a signal."""
    for table in (ABILITIES, BESTIARY, CLASSES, ITEMS, SIGNALS):
        if name in table:
            return str(table[name].title)
    options = {option.name: option.title for ability in ABILITIES.values() for option in ability.options}
    return options.get(name) or name.replace("_", " ").title()


def number(value: float, digits: int = 2) -> str:
    """At most `digits` decimals, without trailing zeros: 1.35, 0.5, 2. NaN and infinities become words."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite" if value > 0 else "minus infinite"
    if abs(value) >= HUGE:
        return minus(decimals(value, digits))
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else minus(text)


def plus_minus(standard_error: float, digits: int = 3, sign: str = " ± ", behind: str = "") -> str:
    """ " ± 0.012", behind a value; empty where the error is unknown: of a single example, or of a foreign loop's loss."""
    return f"{sign}{decimals(standard_error, digits)}{behind}" if math.isfinite(standard_error) else ""


def of_turns(turns: int | None) -> str:
    """What follows a turn's number: " of 600", or ", no end set" where nobody knows how many turns it will be."""
    return ", no end set" if turns is None else f" of {turns}"


def dial_value(value: str) -> str:
    """What a dial is turned to."""
    return OWN_WORDS if value == OWN else value


def name_command(command: asked.Command) -> str:
    """A command in a few words: "Rage", "Spell Mastery (Calm)", "a short rest"."""
    match command:
        case asked.UseAbility(ability, "dismiss"):
            return f"dismissing {title(ability)}"
        case asked.UseAbility(ability, option):
            return f"{title(ability)} ({title(option)})" if option else title(ability)
        case asked.SetAuto(ability, on):
            return f"{title(ability)} by itself: {'on' if on else 'off'}"
        case asked.TakeShortRest():
            return "a short rest"
        case asked.Speak():
            return "a sample of what the model can do"
        case asked.SendScouts():
            return "scouts"
        case asked.SaveGame(name):
            return f'a save named "{name}"' if name else "a save"
        case asked.Predict(guess):
            return f"the prediction {guess}"
        case asked.SpendInspiration():
            return "inspiration"
        case asked.UseItem(item):
            return title(item)
        case asked.RaiseStat(stat):
            return f"raising {stat}"
        case asked.TurnDial(dial, value):
            return f"{title(dial).lower()} {dial_value(value)}".rstrip()
        case asked.ReportVote():
            return "the vote of the room"
