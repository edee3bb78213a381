"""Places of the panels for every size of terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region

from rolltrain_tui.tui.expedition.plan import TABS, plan

SIZES = st.tuples(st.integers(1, 320), st.integers(1, 120))
TAB_NAMES = [name for name, _ in TABS]


@given(SIZES, st.sampled_from(TAB_NAMES))
def test_panels_tile_the_screen(size: tuple[int, int], tab: str) -> None:
    """No panel overlaps another or leaves the screen, and together they fill it."""
    places = plan(*size, tab).places
    screen = Region(0, 0, *size)
    assert all(place in screen and place.area > 0 for place in places.values())
    regions = list(places.values())
    assert not any(a.overlaps(b) for i, a in enumerate(regions) for b in regions[:i])
    if places:
        assert screen.area == sum(place.area for place in regions)


@pytest.mark.parametrize(
    ("size", "expected"), [((80, 24), "small"), ((120, 36), "wide"), ((200, 60), "wide"), ((59, 40), "tiny"), ((90, 17), "tiny")]
)
def test_sizes_have_their_class(size: tuple[int, int], expected: str) -> None:
    """Small terminals get one column, smaller ones a message."""
    assert expected == plan(*size, "log").size


@pytest.mark.parametrize("tab", TAB_NAMES)
def test_a_small_screen_shows_the_chosen_tab(tab: str) -> None:
    """The essentials stay, and exactly one of the sharing panels is there."""
    places = plan(80, 24, tab).places
    assert {tab} == set(places) & set(TAB_NAMES)
    assert {"status", "compact", "chart", "notice", "keys"} <= set(places)
    assert ((6, 9) if tab == "log" else (10, 5)) == (places[tab].height, places["chart"].height)
