"""Which monsters are due, because a symptom has held for long enough; and how a monster that came follows its signal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal, get_args

from rolltrain_tui.rules.health.signal_monitor import SignalMonitor
from rolltrain_tui.rules.health.signals import SIGNALS, STEP_EXCESS
from rolltrain_tui.rules.monsters.monster import Monster, Sign, Symptom
from rolltrain_tui.rules.monsters.monsters import BESTIARY

EVERY_TURN = ("loss_rise", "above_chance", "gradient_spike", "non_finite", "projected_gain")
"""Signals that are measured every turn; the others are measured at each examination, or by scouts."""
Moment = Literal["turn", "examination", "scouts"]
"""When a signal is measured."""
PAUSE = 100
"""Turns for which a monster that fell or was driven off does not come again."""
BLOWS_SHARE = 4
"""Against a diagnosed monster, damage is divided by this, and all blows together take at most this part of its HP."""


@dataclass(slots=True)
class SignalTie:
    """Ties a diagnosed monster to its signal: its hit points fall as the signal returns to health."""

    symptom: int
    """Its index among the monster's symptoms."""
    excess: float
    """How far its signal was beyond the bound when it came."""
    blows: int
    """Hit points that blows can still take."""
    well: int = 0
    """Healthy measurements in a row."""

    def hp(self, monster: Monster, excess: float) -> int:
        """The hit points with the signal `excess` beyond its bound, after the blows so far; at least 1."""
        share = min(1.0, max(0.0, excess) / self.excess)
        return max(1, ceil(monster.hp * share) - (monster.hp // BLOWS_SHARE - self.blows))


@dataclass(frozen=True, slots=True)
class DueMonster:
    """A monster that is due, and the index of its symptom."""

    monster: Monster
    symptom: int

    def tie(self, monitor: SignalMonitor) -> SignalTie:
        own = self.monster.symptoms[self.symptom]
        return SignalTie(self.symptom, monitor.excess(own.signal, own.side), self.monster.hp // BLOWS_SHARE)

    def reason(self, monitor: SignalMonitor) -> str:
        return " and ".join(_told(monitor, sign) for sign in self.monster.symptoms[self.symptom].signs)


class DueMonsters:
    """How long each symptom has held, and which monsters may not come yet."""

    def __init__(self, bestiary: Iterable[str] = (), *, scouts: bool = False) -> None:
        """Monsters of plug-ins come only where `bestiary` names them, so that an installed plug-in alone changes no run.

        `scouts`: scouts go out in this campaign, and judge the size of its steps.
        """
        roster = (*BESTIARY.own.values(), *(BESTIARY[name] for name in bestiary if name not in BESTIARY.own))
        every = [(row.name, index, symptom) for row in roster for index, symptom in enumerate(row.symptoms)]
        self._entries = {when: [entry for entry in every if moment(entry[2]) == when] for when in get_args(Moment)}
        if scouts:
            self._entries = {when: [entry for entry in found if not entry[2].unscouted] for when, found in self._entries.items()}
        self._held: dict[str, list[int]] = {}
        """Monster -> for each symptom, the measurements in a row that showed it. Monsters with none are left out."""
        self._paused: dict[str, int] = {}
        """Monster -> the last turn in which it may not come."""

    def hear(self, monitor: SignalMonitor, when: Moment, *, at_once_only: bool = False) -> None:
        """Count one more measurement of the signals that are measured at this moment.

        `at_once_only`: of a young run, only for symptoms that no healthy run shows, however young.
        """
        for monster, index, symptom in self._entries[when]:
            if at_once_only and not symptom.at_once:
                continue
            if holds(symptom, monitor):
                self._held.setdefault(monster, [0] * len(BESTIARY[monster].symptoms))[index] += 1
            elif monster in self._held:
                self._held[monster][index] = 0
                if not any(self._held[monster]):
                    del self._held[monster]

    def due(self, turn: int, near: Monster | None, *, scouting: bool) -> DueMonster | None:
        """The worst monster that is due. A monster that is near gives way to a worse one only."""
        found = [
            DueMonster(BESTIARY[name], index)
            for name, held in self._held.items()
            for index, hearings in enumerate(held)
            if _has_held(BESTIARY[name].symptoms[index], hearings, scouting) and self._paused.get(name, -1) < turn
        ]
        worst = max(found, key=lambda due: due.monster.xp, default=None)
        return worst if worst is not None and (near is None or worst.monster.xp > near.xp) else None

    def pause(self, turn: int, monster: str) -> None:
        """The monster fell or was driven off. It comes again after a pause, if its symptom holds anew."""
        self._held.pop(monster, None)
        self._paused[monster] = turn + PAUSE

    def forget(self) -> None:
        """Forget all counts: the run goes on from older weights."""
        self._held = {}

    def state_dict(self) -> dict[str, Any]:
        return {"held": {name: list(held) for name, held in self._held.items()}, "paused": dict(self._paused)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        # A monster may have gained symptoms since the save: they have not held yet
        self._held = {name: [*held, *[0] * (len(BESTIARY[name].symptoms) - len(held))] for name, held in state["held"].items()}
        self._paused = dict(state["paused"])


def holds(symptom: Symptom, monitor: SignalMonitor) -> bool:
    return all(monitor.sick(*sign) for sign in symptom.signs) and not any(monitor.sick(*sign) for sign in symptom.unless)


def _has_held(symptom: Symptom, hearings: int, scouting: bool) -> bool:
    return hearings >= symptom.hold and (symptom.at_once or not scouting)


def counts_at_once(signal: str) -> bool:
    """Whether a monster follows this signal in the youngest run too."""
    return any(symptom.at_once and symptom.signal == signal for row in BESTIARY.own.values() for symptom in row.symptoms)


def moment(symptom: Symptom) -> Moment:
    """When the signal that this symptom follows is measured."""
    return "turn" if symptom.signal in EVERY_TURN else "scouts" if symptom.signal == STEP_EXCESS else "examination"


def _told(monitor: SignalMonitor, sign: Sign) -> str:
    name, side = sign
    signal, reading = SIGNALS[name], monitor.reading(name)
    bound, word = (reading.high, "at most") if side == "high" else (reading.low, "at least")
    unit = signal.unit if signal.unit in ("", "x", "%") else f" {signal.unit}"
    return f"{signal.title} {reading.value:.3g}{unit}, where {word} {bound:.3g}{unit} is healthy"
