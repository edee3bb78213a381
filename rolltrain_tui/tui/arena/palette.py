"""The command palette of the arena's screens: every key by its tooltip."""

from collections.abc import Iterator
from functools import partial

from textual.binding import Binding

from rolltrain_tui.tui.command_palette import Verb, Verbs


class ArenaVerbs(Verbs):
    """Offers the actions of the screen's own bindings."""

    def _verbs(self) -> Iterator[Verb]:
        for binding in type(self.screen).BINDINGS:
            if isinstance(binding, Binding) and binding.tooltip:
                yield binding.tooltip, f"key {binding.key}", partial(self.screen.run_action, binding.action)
