"""Agents as small as they can be, and a text that they read in no time."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rolltrain_tui.arena.agents.agent_file import Champion
from rolltrain_tui.arena.agents.agents import Agent, Recipe, Shape
from rolltrain_tui.arena.agents.corpora import text_facts
from rolltrain_tui.arena.agents.roster import Roster
from rolltrain_tui.arena.battles.matches import Contender, Terms, floor_score

SMALL = Shape(n_embd=8, n_layer=1, n_head=2, context=8)


@pytest.fixture
def roster(tmp_path: Path) -> Roster:
    return Roster(tmp_path / "arena")


@pytest.fixture
def agent() -> Callable[..., Champion]:
    """An untrained agent; keywords are of its shape or its recipe."""

    def make(name: str = "Tiny", **values: Any) -> Champion:
        facts = text_facts("names")
        shape = {key: values.pop(key) for key in ("n_embd", "n_layer", "n_head", "context", "style") if key in values}
        return Champion(
            Agent(
                name=name,
                shape=replace(SMALL, **shape),
                recipe=Recipe(**{"batch": 4, "warmup": 2, **values}),
                vocabulary=facts.vocabulary,
                text_sha256=facts.sha256,
            ),
            {},
        )

    return make


@pytest.fixture
def terms() -> Callable[..., Terms]:
    """Of a battle on the names, 20 steps and 2 seeds unless said otherwise."""

    def make(**values: Any) -> Terms:
        facts = text_facts("names")
        usual: dict[str, Any] = {"budget": 20.0, "unit": "steps", "seeds": 2, "samples": 8}
        floor = floor_score("names", facts.vocabulary)
        return Terms(corpus="names", text_sha256=facts.sha256, vocabulary=facts.vocabulary, floor=floor, **(usual | values))

    return make


@pytest.fixture
def contender() -> Callable[..., Contender]:
    """A contender of the smallest shape; keywords are of its shape or its recipe."""

    def make(name: str, **values: Any) -> Contender:
        shape = {key: values.pop(key) for key in ("n_embd", "n_layer", "n_head", "context", "style") if key in values}
        return Contender(name=name, shape=replace(SMALL, **shape), recipe=Recipe(**{"batch": 4, "warmup": 2, **values}))

    return make
