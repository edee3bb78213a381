"""Lists for properties of what is longer than some capacity."""

from collections.abc import Callable
from random import Random
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def of_any_length(value: Callable[[Random], T], most: int, least: int = 1) -> SearchStrategy[list[T]]:
    """Lists of `least` to `most` random values, each length as likely as another: `st.lists` seldom gives more than ten.

    Only length and seed are searched, so a failing list is soon as short as it can be.
    """

    def made(length: int, seed: int) -> list[T]:
        dice = Random(seed)
        return [value(dice) for _ in range(length)]

    return st.builds(made, st.integers(least, most), st.integers(0, 2**32))
