"""A run of ten turns with everything that a teacher can hide, and the words that give each of it away."""

from dataclasses import replace

from rolltrain_tui.protocol import events as ev
from support.endings import ENDED, HERO, OBJECTIVE
from support.fakes import examined

TELLTALES: dict[ev.Secret, tuple[str, ...]] = {
    "ghost": ("1.777", "1.78", "ghost 1", "gate opened", "1.888", "+123", "−0.36"),
    "floor": ("1.31",),
    "verdict": ("0.4321", "helped", "VICTORY", "Reached the top"),
    "diagnosis": ("0.311", "out of bounds", "unmistakable", "HOT", "0.234", "weak to", "sick:"),
}
"""What would give each secret away."""


def _turn(number: int) -> list[ev.Event]:
    roll = ev.DiceRolled(number, 20, (10,), 10, 2, 12, 12, "hit", 1.0)
    step = ev.StepTaken(number, 2.5, 2.5, 0.9, 1e-3, 1.0, 1.0, 0.02, 0.02, 512, 3.0 * number, True, ("update_scale",))
    return [roll, step]


def secret_story() -> list[ev.Event]:
    """Ten turns with everything that can be hidden."""
    began = ev.CampaignBegan(0, "The Class", "supervised", 1, 10, "hero", 20, 12, HERO, OBJECTIVE, 9, "9 weights", "cpu", "float32")
    found = ev.ScoutsReturned(4, "hot", 0.234, 0.2, 0.3, (), 9.0)
    evaluated = ev.Evaluated(5, 1.4123, 0.02, 1.4123, 2.5, True)
    return [
        began,
        ev.GhostSeen(0, 7, (ev.GhostPoint(0, 4.2, 4.2, 0.02), ev.GhostPoint(10, 1.777, 1.777, 0.012))),
        ev.Evaluated(0, 4.1, 0.02, 4.1, 4.1, True),
        *_turn(1),
        ev.TwinSetOut(2, "rage", 2),
        *_turn(2),
        ev.MonsterAppeared(3, "loss_dragon", "5", 100, 15, "An unmistakable sign of heat"),
        *_turn(3),
        *_turn(4),
        ev.TwinJudged(4, "rage", 2, 2, -0.4321, 0.0003, "helped", 40.0),
        found,
        *_turn(5),
        evaluated,
        examined(5, temperature=0.311, update_ratio=0.2),
        ev.GateFaced(5, 1.4123, 1.888, 1.9, True, 123),
        ev.XPGained(5, 123, 6633, "the gate opened"),
        ev.Rested(5, "long", HERO),
        *_turn(6),
        ev.MonsterLeft(7, "loss_dragon", "its unmistakable cause is back in range"),
        *(event for number in range(7, 11) for event in _turn(number)),
        ev.Evaluated(10, 1.4123, 0.02, 1.4123, 2.5, True),
        replace(ENDED, turn=10, title="Reached the top", text="Slag it is not."),
    ]


def leaks(text: str, secrets: frozenset[ev.Secret]) -> list[str]:
    return [word for secret in sorted(secrets) for word in TELLTALES[secret] if word in text]
