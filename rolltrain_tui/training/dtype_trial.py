"""`device.dtype: auto`: a few turns of a copy in float32 and in bfloat16 tell in which of them this machine trains faster.

Instructions for bfloat16 alone do not tell it. A small model spends most of its turn outside of matrix products, and the casts cost
more than the products gain. The trial is over before the run begins, and the run's campaign then names the dtype (`config.dtypes`).
"""

from contextlib import nullcontext
from dataclasses import dataclass
from time import perf_counter

import torch

from rolltrain_tui.config.dtypes import in_its_dtype
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.learner import Learner
from rolltrain_tui.training.levered_learner import LeveredLearner

GAIN = 1.1
"""bfloat16 rounds more, so it must be faster by a tenth to be chosen. Less than that is within the noise of a busy machine, too."""
HOPELESS = 2.0
"""bfloat16 counts as emulated, and the trial ends, where its first turn takes this many times as long."""
ROUNDS = 5
SECONDS = 1.0
"""After this time no further round begins. A large model takes part in one."""


@dataclass(frozen=True, slots=True)
class DtypeTrial:
    """Milliseconds of the fastest turn in each dtype."""

    float32: float
    bfloat16: float

    @property
    def chosen(self) -> str:
        return "bfloat16" if self.float32 >= GAIN * self.bfloat16 else "float32"

    @property
    def hopeless(self) -> bool:
        """bfloat16 is emulated on this machine."""
        return self.bfloat16 > HOPELESS * self.float32

    def __str__(self) -> str:
        measured = f"a turn took {self.float32:,.1f} ms in float32 and {self.bfloat16:,.1f} ms in bfloat16 on this machine"
        return f"device.dtype auto chose {self.chosen}: {measured}."


def trial(learner: LeveredLearner) -> DtypeTrial:
    """Train a copy in both dtypes, turn and turn about, so that another program slows both alike. The learner stays as it is."""
    copy = learner.fork()
    spent: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    for turn in range(1 + ROUNDS):  # the first warms up: first-touch memory, caches, kernels made for these shapes
        for dtype, seconds in spent.items():
            copy.dtype = dtype
            started = perf_counter()
            copy.step(NEUTRAL)
            # All ranks go by the first one's clock: they must take as many turns, and choose alike.
            seconds += learner.ranks.of_first([perf_counter() - started])
        if hopeless := not turn and DtypeTrial(spent[torch.float32][0], spent[torch.bfloat16][0]).hopeless:
            break
        if turn and sum(map(sum, spent.values())) > SECONDS:
            break
    float32, bfloat16 = (1000 * min(seconds if hopeless else seconds[1:]) for seconds in spent.values())
    return DtypeTrial(float32, bfloat16)


def settle(learner: Learner) -> None:
    """Train in the dtype that is faster here. A learner of another package chooses by itself."""
    if isinstance(learner, LeveredLearner):
        # Compiling the copy twice would take a minute, and be thrown away.
        compiles = getattr(getattr(learner.config, "device", None), "compile", False)
        with torch.compiler.set_stance("force_eager") if compiles else nullcontext():
            found = trial(learner)
        learner.dtype, learner.dtype_note = getattr(torch, found.chosen), str(found)
        learner.config = in_its_dtype(learner.config, found.chosen)
