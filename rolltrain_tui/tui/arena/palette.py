"""The command palette of the arena's screens: every key by its tooltip."""

from collections.abc import Iterator
from functools import partial

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider


class ArenaVerbs(Provider):
    """Offers the actions of the screen's own bindings."""

    async def discover(self) -> Hits:
        for binding in self._bindings():
            words = binding.tooltip or binding.description
            yield DiscoveryHit(words, partial(self.screen.run_action, binding.action), help=f"key {binding.key}")

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for binding in self._bindings():
            words = binding.tooltip or binding.description
            if (score := matcher.match(words)) > 0:
                yield Hit(score, matcher.highlight(words), partial(self.screen.run_action, binding.action), help=f"key {binding.key}")

    def _bindings(self) -> Iterator[Binding]:
        for binding in type(self.screen).BINDINGS:
            if isinstance(binding, Binding) and binding.tooltip:
                yield binding
