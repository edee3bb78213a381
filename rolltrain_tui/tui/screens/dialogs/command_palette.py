"""The command palette, on a terminal of any size and over any screen."""

from collections.abc import Callable, Iterator
from functools import partial

from textual.binding import Binding
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider

from rolltrain_tui.tui.screens.kinds.dialog import AnswersOnce
from rolltrain_tui.tui.widgets.footer import key_name

Verb = tuple[str, str, Callable[[], object]]
"""(name, one line about it, what it does)"""


class Verbs(Provider):
    """What a screen offers by name."""

    async def discover(self) -> Hits:
        for name, line, act in self._verbs():
            yield DiscoveryHit(name, act, help=line)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name, line, act in self._verbs():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), act, help=line)

    def _verbs(self) -> Iterator[Verb]:
        raise NotImplementedError


class KeyVerbs(Verbs):
    """Offers what the screen's own keys do, each by its tooltip."""

    def _verbs(self) -> Iterator[Verb]:
        for binding in type(self.screen).BINDINGS:
            if isinstance(binding, Binding) and binding.tooltip:
                first = next(iter(Binding.make_bindings((binding,))))  # of several keys
                yield binding.tooltip, f"key {key_name(self.app, first)}", partial(self.screen.run_action, binding.action)


class GamePalette(AnswersOnce, CommandPalette):
    """Textual's own, closed once. Its page keys would end the app while its list has no rows on the screen."""

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).content_size.height > 0:
            super()._action_command_list(action)
