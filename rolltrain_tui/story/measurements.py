"""What the levers of a turn measured, a few words each. They prove levers that no single k can describe.

`StepTaken.measured` holds the numbers; `protocol.learner.StepReport.measured` says what each of them is.
"""

import math
from collections.abc import Callable, Mapping

from rolltrain_tui.base.grammar import fixed, plural, with_minus

Measured = Mapping[str, float]
DIAL = "dial."
"""Names of what dials of the mode measured begin so."""


def evidence(measured: Measured) -> tuple[str, ...]:
    """One phrase for each lever that measured something, in the order of the table below. An unknown lever gives none."""
    dials = (_dialled(name.removeprefix(DIAL), measured) for name in measured if name.startswith(DIAL) and name.count(".") == 1)
    return (*(tell(measured) for lever, tell in _PHRASES.items() if lever in measured), *dials)


def _dialled(dial: str, measured: Measured) -> str:
    asked, found = measured.get(f"{DIAL}{dial}.asked", math.nan), measured[f"{DIAL}{dial}"]
    return f"{dial}: asked {with_minus(f'{asked:.3g}')}, found {with_minus(f'{found:.3g}')}"


def _returned(measured: Measured) -> str:
    now, then, age = (measured[f"restore_best{part}"] for part in ("", ".stored", ".age"))
    return f"back {age:.0f} {plural(age, 'evaluation')}: val {fixed(now, 4)}, stored {fixed(then, 4)}"


def _healed(measured: Measured) -> str:
    before, after = measured["heal_alpha.val_before"], measured["heal_alpha.val_after"]
    return f"distance to the average ×{measured['heal_alpha']:.3f}, val {fixed(before, 4)} → {fixed(after, 4)} at once"


def _forgot(measured: Measured) -> str:
    return f"|m| {measured['forget_momentum.before']:.3g} → {measured['forget_momentum']:.3g}"


def _masked(lever: str) -> Callable[[Measured], str]:
    def tell(measured: Measured) -> str:
        struck, share = measured[f"{lever}.struck"], measured[f"{lever}.share"]
        gain, others = fixed(measured[lever]), with_minus(f"{measured[f'{lever}.others']:.3g}")
        return f"{struck:,.0f} {plural(struck, 'weight agrees', 'weights agree')} ({share:.0%}): ×{gain}, the others ×{others}"

    return tell


def _capped(measured: Measured) -> str:
    before, after, cap = (measured[f"norm_cap.{part}"] for part in ("before", "after", "cap"))
    return f"|Δ| {before:.4f} cut to {after:.4f}" if after < before else f"|Δ| {before:.4f}, under its cap of {cap:.4f}"


def _dropped(measured: Measured) -> str:
    many = measured["drop_worst"]
    beside = (
        f", loss {fixed(measured['drop_worst.dropped'])} beside {fixed(measured['drop_worst.kept'])}"
        if "drop_worst.dropped" in measured
        else ""
    )
    return f"{many:.0f} {plural(many, 'sequence')} hidden{beside}"


def _stepped_again(measured: Measured) -> str:
    steps, size = measured["extra_steps"], measured.get("extra_batch_factor", 1.0)
    return f"{steps:.0f} more {plural(steps, 'step')}" + (f" on ×{size:.3g} of a batch" if size != 1 else "")


_PHRASES: Mapping[str, Callable[[Measured], str]] = {
    "rollback": lambda measured: f"gone back by |Δ| {measured['rollback']:.3g}",
    "restore_best": _returned,
    "heal_alpha": _healed,
    "forget_momentum": _forgot,
    "agreeing_gain": _masked("agreeing_gain"),
    "cautious": _masked("cautious"),
    "norm_cap": _capped,
    "extra_steps": _stepped_again,
    "batch_factor": lambda measured: f"batch ×{measured['batch_factor']:.3g}",
    "drop_worst": _dropped,
    "clip_factor": lambda measured: f"|g| let through: {measured['clip_factor']:.2f} of the usual threshold",
    "weight_noise": lambda measured: f"noise of {measured['weight_noise']:.3f} σ(θ) in the weights",
    "target_noise": lambda measured: f"{measured['target_noise']:.0%} of the targets were noise",
}
