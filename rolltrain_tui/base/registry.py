"""A table of the rules: the house's rows, and after them those that installed plug-ins bring."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar


class Named(Protocol):
    """A row of a table."""

    @property
    def name(self) -> str: ...


Row = TypeVar("Row", bound=Named)


class Registry(Mapping[str, Row]):
    """Name -> row. Plug-ins are looked for when somebody first asks for more than a row of the house, and never before."""

    def __init__(self, group: str, rows: Iterable[Row]) -> None:
        """`group` is the entry-point group by which plug-ins add rows."""
        self.group = group
        self.house: Mapping[str, Row] = {row.name: row for row in rows}

    def __getitem__(self, name: str) -> Row:
        return self.house[name] if name in self.house else self.guests[name]

    def __iter__(self) -> Iterator[str]:
        return iter((*self.house, *self.guests))

    def __len__(self) -> int:
        return len(self.house) + len(self.guests)

    @property
    def guests(self) -> Mapping[str, Row]:
        """The rows of plug-ins."""
        from rolltrain_tui.rules import plugins  # it reads all tables, so they meet it only when asked

        return plugins.installed().rows[self.group]
