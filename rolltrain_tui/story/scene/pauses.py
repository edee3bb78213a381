"""The events at which the game pauses by itself: the rules of `pace.pause_on`."""

from collections.abc import Collection

from rolltrain_tui.protocol import events as ev

RULES = {
    "encounter": "a monster has come",
    "sick": "a signal has left its range",
    "gate": "the gate was faced",
    "level": "a new level",
    "verdict": "the twin's verdict is in",
    "evaluation": "the run was evaluated",
    "scouts": "the scouts are back",
    "prediction": "your prediction was judged",
    "camp": "the party has made camp",
    "fallen": "the hero has fallen",
    "nan": "the loss was not finite",
    "fumble": "a fumble",
    "crit": "a critical hit",
}
"""Each with the words that say why the game has paused."""
SOMETHING = frozenset(RULES) - {"camp", "fumble", "crit", "evaluation"}
"""What ends a run until something happens."""


def pause_reason(event: ev.Event, rules: Collection[str], sick_before: Collection[str] = ()) -> str | None:
    """The rule that this event meets. `sick_before`: the signals that were out of range at the last examination."""
    match event:
        case ev.MonsterAppeared():
            rule = "encounter"
        case ev.DiceRolled(outcome="fumble" | "crit"):
            rule = event.outcome
        case ev.LevelGained():
            rule = "level"
        case ev.Rested(kind="long"):
            rule = "camp"
        case ev.HeroFell():
            rule = "fallen"
        case ev.StepTaken(finite=False):
            rule = "nan"
        case ev.GateFaced():
            rule = "gate"
        case ev.TwinJudged() | ev.TwinLost():
            rule = "verdict"
        case ev.ScoutsReturned():
            rule = "scouts"
        case ev.ForetellingJudged():
            rule = "prediction"
        case ev.Evaluated():
            rule = "evaluation"
        case ev.Examined() if sick_signals(event) - set(sick_before):
            rule = "sick"
        case _:
            return None
    return rule if rule in rules else None


def sick_signals(examined: ev.Examined) -> set[str]:
    """The signals out of their range, where that counts."""
    return {reading.signal for reading in examined.sick}
