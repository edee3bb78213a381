"""Python's and NumPy's chance in a save: what is drawn afterwards is what would have been drawn."""

import random
from collections.abc import Callable

import pytest

from rolltrain_tui.training.state.host_chance import host_state, host_unchanged, packed, seeded_host_state, set_host_state, unpacked

numpy = pytest.importorskip("numpy")
DRAWS: dict[str, Callable[[], float]] = {
    "python": random.random,
    "numpy": numpy.random.rand,
    "python pairs": lambda: random.gauss(0, 1),
    "numpy pairs": numpy.random.randn,
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_saved_place_is_come_back_to(draw: Callable[[], float]) -> None:
    """Of both generators, also between the two normal draws that they make at once; and whoever draws meanwhile leaves no trace."""
    with host_unchanged():
        set_host_state(seeded_host_state(7))
        draw()
        saved = packed(host_state())
        with host_unchanged():
            draw()
        drawn = [draw() for _ in range(3)]
        set_host_state(unpacked(saved))
        assert drawn == [draw() for _ in range(3)]
        assert drawn[0] != draw()
