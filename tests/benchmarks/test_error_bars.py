"""The benchmark of the errors sees that pieces overlap, and its verdicts on chance are verdicts. The table is printed by error_bars.py."""

import pytest
from error_bars import Pieces, missed, verdict_on_chance

pytestmark = pytest.mark.slow


def test_an_error_is_too_small_where_pieces_overlap() -> None:
    """Of 60 texts that 64 pieces cover ten times over, a loss is beyond two errors on many; of long texts on few."""
    short, _ = missed(Pieces("short", context=16, count=64, characters=100), texts=60, seed=1)
    long, _ = missed(Pieces("long", context=16, count=64, characters=20_000), texts=60, seed=1)
    assert short > 20
    assert long < 10


def test_other_batches_part_hero_and_twin() -> None:
    """The two differ, and the difference has an error."""
    found = verdict_on_chance(1)
    assert found.delta != 0 < found.standard_error
