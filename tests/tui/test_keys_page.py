"""The codex page of keys has those that the expedition shows."""

import re

from textual.binding import Binding

from rolltrain_tui.story import codex
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen


def test_every_key_that_the_expedition_shows_is_on_the_page() -> None:
    """A new key is told there too."""
    table = codex.page("keys").text.partition("At the end of a run")[0]
    told = {key for cell in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for key in re.split("[, ]+", cell)}
    shown = {binding.key_display or binding.key for binding in ExpeditionScreen.BINDINGS if isinstance(binding, Binding) and binding.show}
    assert len(shown) > 20
    assert shown <= told
