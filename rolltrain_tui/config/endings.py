"""The order of a campaign's endings: best first, by what the campaign measures.

Only files that a player writes are checked. A run whose endings stand in another order goes on, and verifies, as it began.
"""

from itertools import pairwise

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.config.campaign_errors import Fault
from rolltrain_tui.config.schema import CampaignConfig


def unearned(config: CampaignConfig) -> list[Fault]:
    """A fault for each ending after one with the same or an easier bar."""
    objective, found = config.objective, list[Fault]()
    for index, (before, after) in enumerate(pairwise(config.endings), 1):
        if before.value is None or (after.value is not None and objective.reaches(after.value, before.value)):
            where = ("endings", index, "value")
            what = f"can never be reached: the ending before it has the same or an easier bar (got {shown(after.value)})"
            found.append(Fault(where, f"{what}; put the best first: of the {objective.name} a {objective.better} value is better", where))
    return found
