"""Lines of the arena's shell: what they ask for, and where its bounds lie."""

import pytest

from rolltrain_tui.arena.agents.agents import AgentError
from rolltrain_tui.arena.parse import parse_generate, parse_steps


def test_a_line_that_asks_for_text_says_how_many_lines_how_warm_and_how_wide() -> None:
    """The last two may be left out; each bound itself can be asked for."""
    assert parse_generate("20") == (20, 1.0, None)
    assert parse_generate("1 0.01 1") == (1, 0.01, 1)
    assert parse_generate("10000 100") == (10_000, 100.0, None)
    assert (parse_steps("1"), parse_steps(" 1000000 ")) == (1, 1_000_000)


@pytest.mark.parametrize("line", ["0", "10001", "5 0.009", "5 101", "5 nan", "5 1 0"])
def test_what_lies_beyond_the_bounds_of_a_text_is_refused(line: str) -> None:
    with pytest.raises(AgentError, match="choose 1 to 10000 lines"):
        parse_generate(line)


@pytest.mark.parametrize("line", ["0", "1000001"])
def test_what_lies_beyond_the_bounds_of_a_training_is_refused(line: str) -> None:
    with pytest.raises(AgentError, match="choose 1 to 1,000,000"):
        parse_steps(line)
