"""The Wizard's powers: control of the step's size."""

from math import cos, pi

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.rules.ability import AbilityState, Option, Power
from rolltrain_tui.rules.heroes import Hero

RECOVERY_TURNS, LITTLE_RECOVERY_TURNS = 20, 5
"""Of the live form, and of the passive one."""
RECOVERY_PEAK = 1.5
RECOVERY_POOL = 3

CANTRIPS = (
    Option("steady", "Steady", level=1, k=0.75, summary="three quarters of every update"),
    Option("calm", "Calm", level=3, k=0.3, summary="three tenths of every update: the bouncing settles"),
    Option("quicken", "Quicken", level=5, k=1.25, summary="a quarter more of every update"),
)


def recovery_scale(turn: int, turns: int = RECOVERY_TURNS) -> float:
    """Learning-rate multiplier of turn 0 ... turns - 1 of a recovery.

    A cosine from 1.5 down to 1, read at the middle of each turn: the cosines of the midpoints cancel, so the mean is 1.25.
    """
    return 1 + (RECOVERY_PEAK - 1) * (1 + cos(pi * (turn + 0.5) / turns)) / 2


_RECOVERY = {
    form: tuple(StepEffect(lr_scale=recovery_scale(turn, turns)) for turn in range(turns))
    for form, turns in (("live", RECOVERY_TURNS), ("passive", LITTLE_RECOVERY_TURNS))
}
_CANTRIP = {option.name: StepEffect(update_scale=option.k) for option in CANTRIPS}


class ArcaneRecovery(Power):
    live_turns = RECOVERY_TURNS
    trigger = 15
    trigger_turns = LITTLE_RECOVERY_TURNS

    def most(self, level: int) -> int | None:
        return RECOVERY_POOL

    def claim(self, held: AbilityState, hero: Hero) -> float:
        return RECOVERY_PEAK

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        scales = _RECOVERY["live" if held.live else "passive"]
        return scales[len(scales) - (held.turns or 0)]

    def short_rest(self, held: AbilityState, level: int) -> None:
        """Refunds half the level in charges, rounded up, once between long rests; a rest with none missing keeps the refund."""
        missing = RECOVERY_POOL - (held.left or 0)
        if missing and not held.refunded:
            held.left = (held.left or 0) + min(missing, -(-level // 2))
            held.refunded = True


class SpellMastery(Power):
    def claim(self, held: AbilityState, hero: Hero) -> float:
        return _CANTRIP[held.option].update_scale

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return _CANTRIP[held.option]
