"""Lines that an agent writes."""

from typing import Any

from rolltrain_tui.arena.training.sampling import sample_report


def test_the_colder_or_narrower_the_less_is_left_to_chance(agent: Any) -> None:
    """Next to cold, or with one character to choose from, every seed writes the same likeliest line; else each its own."""
    champion = agent()

    def lines(seed: int, **asked: Any) -> tuple[str, ...]:
        return sample_report(champion, 3, seed=seed, **asked).lines

    likeliest = lines(1, top_k=1)
    assert likeliest == lines(2, top_k=1) == lines(1, temperature=1e-6) == lines(2, temperature=1e-6)
    assert len(set(likeliest)) == 1
    assert lines(1) != lines(2)
