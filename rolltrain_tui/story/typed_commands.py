"""Typed commands: `parse_command` turns a line into a wish of the player.

A wish is a command for the campaign, a change of tempo, or a question. A line without meaning is a `NotUnderstood` with an answer that
helps; there are no exceptions.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.protocol import commands as asked
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import STATS
from rolltrain_tui.rules.hero.inspiration import GUESSES
from rolltrain_tui.rules.monsters.loot import ITEMS

SLOWEST, FASTEST = 0.01, 10_000.0
"""Turns per second that can be asked for."""

DIGITS = 4
"""Digits of a number of hands."""

SHORTEST = 3
"""The fewest letters that may stand for a whole name."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Let no turn pass."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Let the turns pass again."""


@dataclass(frozen=True, slots=True)
class StepOnce:
    """Let one turn pass, then wait."""


@dataclass(frozen=True, slots=True)
class SetSpeed:
    """At most this many turns a second; None is full speed."""

    turns_per_second: float | None


@dataclass(frozen=True, slots=True)
class AskStatus:
    """How does the run stand?"""


@dataclass(frozen=True, slots=True)
class AskDiagnosis:
    """What ails the run, and what can be done about it?"""


@dataclass(frozen=True, slots=True)
class AskBag:
    """What does the hero carry, predict, and have to choose?"""


@dataclass(frozen=True, slots=True)
class AskDials:
    """What can be changed in this kind of training?"""


@dataclass(frozen=True, slots=True)
class TakeVote:
    """The room votes: with `hands` for each option it is counted, without it is asked."""

    about: Literal["ability", "prediction"]
    hands: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AskHelp:
    """What can be typed?"""


@dataclass(frozen=True, slots=True)
class Quit:
    """Save and leave."""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """The line has no meaning; `answer` says why, and what can be typed instead."""

    answer: str


Wish = (
    asked.Command
    | Pause
    | Resume
    | StepOnce
    | SetSpeed
    | AskStatus
    | AskDiagnosis
    | AskBag
    | AskDials
    | AskHelp
    | TakeVote
    | Quit
    | NotUnderstood
)

HELP = (
    ("rage, calm, arcane recovery ...", "use an ability of your class at the next turn; `use NAME` and `cast NAME` say the same"),
    ("dismiss NAME", "end an ability that holds until dismissed"),
    ("auto NAME on|off", "let an ability trigger by itself, or not"),
    ("rest", "a short rest before the next turn"),
    ("predict lower, predict level, predict higher", "predict the next evaluation; a right guess earns inspiration"),
    ("inspire", "spend inspiration: the next roll has advantage"),
    ("bag", "what you carry, what holds, what you predicted, what you may choose"),
    ("potion, scroll, amulet ...", "use up a thing from your bag, by its name or the start of it"),
    ("raise STR", "raise an ability score by 2 where a level brought the choice"),
    ("dial", "what can be changed in this kind of training, and to what; `dial NAME VALUE` turns a dial"),
    (
        "vote, vote 12 3 0",
        "let a room vote on an ability: the options; then the hands for each. `vote prediction` asks about the evaluation",
    ),
    ("speak", "ask the model for a sample of its text"),
    ("status", "turn, losses, hero, abilities"),
    ("diagnose", "every signal, the scouts' verdict, and what this hero can do about it"),
    ("scouts", "send scouts after the next turn, to measure the best step"),
    ("pause, go, step", "wait; go on; one turn, then wait"),
    ("speed N, speed full", "at most N turns a second; as fast as they train"),
    ("save, save NAME", "save now, under a name if you like"),
    ("quit", "save and leave"),
)

_TYPED: Mapping[str, str] = {
    **dict.fromkeys("123456789", "the ability's name"),
    "space": "`pause`, then `go` or `step`",
    ".": "`step`",
    "+": "such as `speed 20`",
    "-": "such as `speed 2`",
    "d": "`diagnose`",
    "p": "`predict lower`, `predict level` or `predict higher`",
    "i": "`inspire`",
    "b": "`bag`",
    "g": "such as `raise STR`",
    "e": "`vote`",
    "k": "`dial`",
    "r": "`rest`",
    "v": "`speak`",
    "a": "such as `auto rage on`",
    "s": "`save`",
    "q": "`quit`",
}
"""Key of the screen -> what to type for it."""
_PRESS = re.compile(r"\b[Pp]ress (`?)([A-Z]|space|[a-z0-9.+-])\1(?=\s(?:to|and|or|then|for|again|once)\s|[:;,.]|$)")
_ALSO = re.compile(r"(?:\b(?:[Tt]hen|and|or)|[;:]) ()(space|[b-z.+-])(?= \w|[:;,.])")
"""A key without `press`, in a text that has said to press one: "and i spends it", "; . plays a single turn"."""
_MARKED = re.compile(r"(?:\A|[.*] |\()(`)(space|[a-z0-9.+-])`(?=[ ,)])")
"""A key of the codex, where a sentence begins or in brackets: "`s` saves when you like", "yours to take (`r`)"."""

_JOINTS = re.compile(r"(?<=\w)[-_]|[-_](?!\d)")
"""Hyphens and underscores, but for the sign of a number."""
_WORDS: Mapping[str, Wish] = {
    "rest": asked.TakeShortRest(),
    "short rest": asked.TakeShortRest(),
    "speak": asked.Speak(),
    "say": asked.Speak(),
    "pause": Pause(),
    "wait": Pause(),
    "go": Resume(),
    "resume": Resume(),
    "continue": Resume(),
    "step": StepOnce(),
    ".": StepOnce(),
    "inspire": asked.SpendInspiration(),
    "inspiration": asked.SpendInspiration(),
    "bag": AskBag(),
    "inventory": AskBag(),
    "status": AskStatus(),
    "diagnose": AskDiagnosis(),
    "diagnosis": AskDiagnosis(),
    "hint": AskDiagnosis(),
    "scouts": asked.SendScouts(),
    "send scouts": asked.SendScouts(),
    "dial": AskDials(),
    "dials": AskDials(),
    "help": AskHelp(),
    "?": AskHelp(),
    "save": asked.SaveGame(),
    "quit": Quit(),
    "exit": Quit(),
    "q": Quit(),
    "long rest": NotUnderstood("A long rest comes by itself at every camp. `rest` is a short one."),
}
_VERBS = ("use", "cast", "dismiss", "auto", "speed", "save", "predict", "raise", "dial", "vote")


_SCORES = dict(zip(STATS, ("strength", "dexterity", "constitution", "intelligence", "wisdom", "charisma"), strict=True))


def parse_command(line: str, dials: Sequence[Dial] = ()) -> Wish | None:
    """The wish in a line; None for a blank line. Capitals, hyphens and underscores do not matter, and names may be cut short.

    `dials`: of this kind of training; their names are words of their own there.
    """
    line = line.removeprefix("\ufeff")  # some shells begin what they pipe with a byte order mark
    words = _JOINTS.sub(" ", line).split()
    if not words:
        return None
    said = " ".join(words).casefold()
    if said in _WORDS:
        return _WORDS[said]
    first, *name = line.split(maxsplit=1)
    if first.casefold() == "save" and name:
        return asked.SaveGame(name[0].strip())
    verb, rest = words[0].casefold(), " ".join(words[1:]).casefold()
    if verb in {dial.name for dial in dials}:
        return _dial(line)
    match verb:
        case "dial":
            return _dial(line.split(maxsplit=1)[1])
        case "vote":
            return _vote(rest)
        case "speed":
            return _speed(rest)
        case "auto":
            return _auto(rest)
        case "dismiss" | "stop" | "end":
            return _ability(rest, dismiss=True)
        case "predict" | "foretell":
            return _predict(rest)
        case "raise":
            return _raise(rest)
        case "use" | "cast":
            return _item(rest) or _ability(rest)
    return _item(said) or _ability(said)


def typed(text: str) -> str:
    """What to type for the keys that a text says to press, in sentences; "" where it names none. For a player without the screen."""
    keys = tuple(dict.fromkeys(key for paragraph in text.split("\n\n") for key in _keys(paragraph)))
    known = "; ".join(f"{key} is {_TYPED[key]}" for key in keys if key in _TYPED)
    others = [key for key in keys if key not in _TYPED]
    screen = [f"The key {others[0]} needs the screen." if len(others) == 1 else f"The keys {' and '.join(others)} need the screen."]
    return " ".join(([f"Typed, {known}."] if known else []) + (screen if others else []))


def _keys(paragraph: str) -> list[str]:
    """In their order. What follows a key that needs the screen may be about another screen: there only `press` names a key."""
    found: list[str] = []
    for match in sorted((match for way in (_PRESS, _ALSO, _MARKED) for match in way.finditer(paragraph)), key=lambda match: match.start()):
        if match.re is _PRESS or ((found or match.re is _MARKED) and all(key in _TYPED for key in found)):
            found.append(match[2].lower())
    return found


def _dial(said: str) -> Wish:
    """A dial and its value as they were typed: names of players have underscores."""
    name, *value = said.casefold().split(maxsplit=1)
    return asked.TurnDial(name, ", ".join(value[0].replace(",", " ").split()) if value else "")


def _vote(said: str) -> Wish:
    words = said.replace(",", " ").split()
    about: Literal["ability", "prediction"] = "prediction" if words[:1] == ["prediction"] else "ability"
    counts = words[1:] if words[:1] in (["prediction"], ["ability"]) else words
    if not all(word.isascii() and word.isdigit() and len(word) <= DIGITS for word in counts):
        return NotUnderstood("How many hands for each option? `vote 12 3 0` counts them in order; `vote` lists the options.")
    return TakeVote(about, tuple(map(int, counts)))


def _predict(said: str) -> Wish:
    for guess in GUESSES:
        if said == guess:
            return asked.Predict(guess)
    return NotUnderstood("Predict what of the next evaluation? `predict lower`, `predict level` or `predict higher`.")


def _raise(said: str) -> Wish:
    stat = next((stat for stat in STATS if len(said) >= SHORTEST and _SCORES[stat].startswith(said)), None)
    if stat is None:
        return NotUnderstood(f"Which ability score? {', '.join(STATS)}. For example: raise str")
    return asked.RaiseStat(stat)


def _item(said: str) -> Wish | None:
    """The item of this name, or the only item whose name begins with it."""
    ways = {name.replace("_", " "): name for name in ITEMS}
    found = [ways[said]] if said in ways else [name for way, name in ways.items() if len(said) >= SHORTEST and way.startswith(said)]
    return asked.UseItem(found[0]) if len(found) == 1 else None


def _speed(said: str) -> Wish:
    if said in ("full", "max"):
        return SetSpeed(None)
    try:
        turns = float(said)
    except ValueError:
        turns = math.nan
    if not SLOWEST <= turns <= FASTEST:
        return NotUnderstood(
            f"How fast? `speed 5` is five turns a second, `speed full` as fast as they train ({SLOWEST:g} to {FASTEST:.0f})."
        )
    return SetSpeed(turns)


def _auto(said: str) -> Wish:
    words = said.split()
    switch = next((word for word in (words[-1:] + words[:1]) if word in ("on", "off")), None)
    if switch is None:
        return NotUnderstood("On or off? For example: auto rage on")
    words.remove(switch)
    wish = _ability(" ".join(words))
    return asked.SetAuto(wish.ability, switch == "on") if isinstance(wish, asked.UseAbility) else wish


def _ability(said: str, *, dismiss: bool = False) -> Wish:
    if not said:
        return NotUnderstood(f"Which ability? {', '.join(ability.title for ability in ABILITIES.values())}.")
    spoken = _spoken()
    found = {spoken[said]} if said in spoken else {spoken[name] for name in spoken if len(said) >= SHORTEST and name.startswith(said)}
    abilities = {ability for ability, _ in found}
    if len(abilities) > 1:
        return NotUnderstood(f"{_quoted(said)} could be {' or '.join(sorted(ABILITIES[name].title for name in abilities))}.")
    if not found:
        return NotUnderstood(_nearest(said))
    ability = abilities.pop()
    if dismiss:
        return asked.UseAbility(ability, "dismiss")
    options = {option for _, option in found}
    return asked.UseAbility(ability, options.pop() if len(options) == 1 else "")


def _spoken() -> dict[str, tuple[str, str]]:
    """Every way to name an ability or an option of one, in small letters with spaces -> (ability, option)."""
    ways: dict[str, tuple[str, str]] = {}
    for ability in ABILITIES.values():
        name = ability.name.replace("_", " ")
        ways[name] = (ability.name, "")
        for option in (*(option.name for option in ability.options), "dismiss"):
            ways[f"{name} {option}"] = (ability.name, option)
            if option != "dismiss":
                ways[option] = (ability.name, option)
    return ways


def _nearest(said: str) -> str:
    known = [*_spoken(), *(name.replace("_", " ") for name in ITEMS), *(word for word in _WORDS if len(word) > 1), *_VERBS]
    near = get_close_matches(said[:60], known, n=1)
    hint = f"Did you mean `{near[0]}`?" if near else "`help` lists what can be typed."
    return f"{_quoted(said)} is no command. {hint}"


def _quoted(said: str) -> str:
    return f'"{one_line(said, 40)}"'
