"""Warns where a foreign loop takes no steps, or steps without a gradient. One such turn may be right; several in a row seldom are."""

import math

from rolltrain_tui.training.levers.foreign_optimizer import NoStep, OptimizerHooks
from rolltrain_tui.training.levers.levers import StepMeasurement
from rolltrain_tui.training.state.wrappers import accumulating

NO_STEP = StepMeasurement(grad_norm=math.nan, optimizer_steps=0)
STEPLESS = 3
"""Turns in a row without a step by a gradient, after which the loop is warned."""
_CAUSES: dict[NoStep, str] = {
    "elsewhere": "the weights moved all the same, so the loop steps another optimizer than the one that the game holds; "
    "give session that one, and call its step()",
    "not finite": "the gradient is not finite, so a loss scaler skips the steps; lower its init_scale if that goes on",
    "waiting": "their gradients wait in .grad, so the loop accumulates them, and one turn is counted for each step; "
    "if it does not accumulate, it forgets to call step()",
    "nothing": "there was no gradient, so the loop skips its steps, or clears the gradients inside of the turn",
}
_GRADLESS = (
    "turns in a row stepped without a gradient, and changed no weight: call loss.backward() before step(), on a loss that is not detached, "
    "and clear the gradients after the turn."
)
_FURTHER = (
    "a turn took more than one optimizer.step(): the game acts on the first and measures that one alone, and the others are plain; "
    "give each step a turn of its own."
)


class StepWatch:
    """Looks at each turn's end what the optimiser did in it."""

    def __init__(self, hooks: OptimizerHooks) -> None:
        self._hooks = hooks
        self._stepless = 0
        """Turns in a row in which no step was seen, or one without a gradient."""
        self._warned = self._warned_of_more = False

    def motion(self) -> tuple[StepMeasurement | None, str]:
        """What the turn did to the weights; None: its gradient waits for a step, and the turn goes on. And a warning, once at most."""
        motion = self._hooks.motion
        if motion is not None and not (motion.finite and motion.optimizer_steps == 0):
            if motion.grad_norm == 0 and self._hooks.why_no_step() == "nothing":
                return motion, self._warning(_GRADLESS)
            self._stepless = 0
            if self._hooks.further and not self._warned_of_more:
                self._warned_of_more = True
                return motion, _FURTHER
            return motion, ""
        if motion is None and accumulating():
            return None, ""
        why = self._hooks.why_no_step() if motion is None else "not finite"
        warning = self._warning(f"turns in a row took no optimizer.step(): {_CAUSES[why]}.")
        return None if why == "waiting" else NO_STEP, warning

    def _warning(self, words: str) -> str:
        """The warning where it is due after this turn; else ""."""
        self._stepless += 1
        if self._stepless < STEPLESS or self._warned:
            return ""
        self._warned = True
        return f"{STEPLESS} {words}"
