"""The cap on an update."""

from collections import deque

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.training.levers.masks import FEWEST_NORMS, NORMS, cap_of


@given(st.lists(st.floats(0, 1e3), min_size=FEWEST_NORMS, max_size=NORMS), st.floats(0, 1))
def test_a_cap_is_a_quantile_of_the_norms_before(norms: list[float], quantile: float) -> None:
    """Linear between neighbours, as PyTorch's; one norm fewer than are needed gives none."""
    expected = torch.quantile(torch.tensor(norms, dtype=torch.float64), quantile).item()
    assert expected == pytest.approx(cap_of(deque(norms), quantile), abs=1e-9)
    assert cap_of(deque(norms[: FEWEST_NORMS - 1]), quantile) is None
