"""The errors behind losses and verdicts hold, also where pieces overlap; what is found is printed by error_bars.py."""

import pytest
from error_bars import Pieces, missed, verdict_on_chance

pytestmark = pytest.mark.slow


def test_an_error_holds_where_pieces_overlap() -> None:
    """Of 60 texts that 64 pieces cover ten times over, a loss is beyond two errors on few; on many, where the overlap is ignored."""
    short = Pieces("short", context=16, count=64, characters=100)
    counted, ignored = (missed(short, texts=60, seed=1, ignored=ignored)[0] for ignored in (False, True))
    assert ignored > 20
    assert counted < 10


def test_other_batches_part_hero_and_twin() -> None:
    """The two differ, and the difference has an error."""
    found = verdict_on_chance(1)
    assert found.delta != 0 < found.standard_error
