"""What a run's ending counts: gates, verdicts of twins, the best and the worst decision, the first sample."""

from collections import Counter
from dataclasses import dataclass, field

from rolltrain_tui.protocol.events import Spoke, TwinJudged, Verdict


@dataclass(slots=True)
class Tally:
    """A fold of events, whatever their number."""

    gates: Counter[bool] = field(default_factory=Counter)
    """Opened or not -> how many."""
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    """Verdicts of twins."""
    best: TwinJudged | None = None
    """The ability that helped most, where any helped."""
    worst: TwinJudged | None = None
    """The ability that hurt most, where any did."""
    first_sample: Spoke | None = None

    def judged(self, verdict: TwinJudged) -> None:
        """One more twin has been compared."""
        self.verdicts[verdict.verdict] += 1
        if verdict.verdict == "helped":
            self.best = _larger(verdict, self.best)
        elif verdict.verdict == "hurt":
            self.worst = _larger(verdict, self.worst)


def _larger(new: TwinJudged, old: TwinJudged | None) -> TwinJudged:
    return new if old is None or abs(new.delta) > abs(old.delta) else old
