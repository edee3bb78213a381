"""The veil: what a teacher keeps back from the room, so that it can guess first.

    ghost      plain training: its curve, the gates beside it, and the judgement of the ending
    floor      the loss that no model can beat
    verdict    what twins found about abilities, and the judgement of the ending
    diagnosis  signals, scouts, hints, and why a monster has come

A veil works on events, before anything is folded or shown. So no screen, card or page can show what was kept back.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import get_args

from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.events import Secret

SECRETS: Mapping[Secret, str] = {
    "ghost": "plain training beside the run, and the gates",
    "floor": "the lowest loss that any model can reach",
    "verdict": "what the twins found, and how the run is judged",
    "diagnosis": "signals, scouts, hints, and why monsters come",
}
GUESS_FIRST = "all"
"""Stands for all of them."""
UNTOLD = "Why it has come is kept back."
GATE_CAUSES = ("the gate opened", "the gate stayed shut")


def secrets_of(text: str) -> frozenset[Secret]:
    """The secrets in "ghost,floor", or all for "all". ValueError names a word that is none."""
    words = [word.strip().casefold() for word in text.split(",") if word.strip()]
    known = {secret: secret for secret in get_args(Secret)}
    for word in words:
        if word not in known and word != GUESS_FIRST:
            raise ValueError(f'"{one_line(word, 40)}" cannot be hidden. There are {", ".join(known)}, and {GUESS_FIRST} for all of them.')
    return frozenset(known.values() if GUESS_FIRST in words else (known[word] for word in words))


def veiled(event: ev.Event, hidden: Collection[Secret]) -> ev.Event | None:
    """The event as the room may see it; None where it may see nothing of it. What is veiled already stays as it is."""
    if not hidden:
        return event
    match event:
        case ev.GhostSeen() if "ghost" in hidden:
            return None
        case ev.GateFaced() if "ghost" in hidden:
            return ev.KeptBack(event.turn, "ghost")
        case ev.XPGained(cause=cause) if "ghost" in hidden and cause in GATE_CAUSES:
            return None  # the next gain brings the total up to date
        case ev.TwinJudged() if "verdict" in hidden:
            return ev.KeptBack(event.turn, "verdict", event.ability)
        case ev.ScoutsReturned() if "diagnosis" in hidden:
            return ev.KeptBack(event.turn, "diagnosis")
        case ev.Examined() if "diagnosis" in hidden:
            return None
        case ev.MonsterAppeared() if "diagnosis" in hidden:
            return replace(event, signal=UNTOLD)
        case ev.MonsterLeft() if "diagnosis" in hidden:
            return replace(event, reason="why is kept back")
        case ev.CampaignBegan() if "floor" in hidden:
            return replace(event, objective=replace(event.objective, limit=None))
        case ev.CampaignEnded() if any(secret != "diagnosis" for secret in hidden):
            return replace(event, title="", text="")  # the tale of an ending tells how good it is
    return event
