"""What the evaluations of a campaign measure follows from its file, and its endings are in that order."""

import pytest
from support.paths import CAMPAIGNS, DUNGEON

from rolltrain_tui.config.reading import CampaignFileError
from rolltrain_tui.modes.campaign_file import dump, load, load_text
from rolltrain_tui.protocol.objective import Better

BARS = {"higher": "0.9, 0.5", "lower": "0.5, 0.9"}
MEASURED: list[tuple[str, Better]] = [("moves", "lower"), ("score", "lower"), ("success", "higher")]


def endings(bars: str) -> str:
    rows = ", ".join(f"{{value: {bar}, title: A, text: a}}" for bar in (*bars.split(", "), "null"))
    return f"endings=[{rows}]"


@pytest.mark.parametrize(("measure", "better"), MEASURED)
def test_endings_of_a_dungeon_begin_with_the_best_of_what_it_measures(measure: str, better: Better) -> None:
    """The wrong order is told at the ending that nobody could earn, with the direction that holds in this campaign."""
    path, asked = CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, f"exam.measure={measure}")
    config = load(path, (*asked, endings(BARS[better])))
    assert [ending.value for ending in config.endings] == [float(bar) for bar in BARS[better].split(", ")] + [None]
    assert (config.objective.better, config.objective.limit) == (better, 1.0 if better == "higher" else 0.0)
    wrong = BARS["lower" if better == "higher" else "higher"]
    with pytest.raises(CampaignFileError, match=rf"endings.*can never be reached.*put the best first: .* a {better} value is better"):
        load(path, (*asked, endings(wrong)))


def test_a_run_whose_endings_stood_in_another_order_is_still_read() -> None:
    """A save has its campaign as it was when it began."""
    config = load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, "exam.measure=success", endings("0.9, 0.5")))
    older = dump(config).replace("value: 0.9", "value: 0.1")
    assert [ending.value for ending in load_text(older, "a save").endings] == [0.1, 0.5, None]


@pytest.mark.parametrize(("hero", "par", "limit"), [("host", "Zeillinger", 1 / 100), ("agent", "the agent that chooses first", 0.0)])
def test_the_bar_of_a_duel_is_the_expert_of_its_hero(hero: str, par: str, limit: float) -> None:
    pools = () if hero == "host" else ("table.opponents=[random]", "table.judges=[random]")
    objective = load(CAMPAIGNS / "duel_first.yaml", (f"table.hero={hero}", *pools)).objective
    assert (objective.par, objective.limit) == (par, limit)
