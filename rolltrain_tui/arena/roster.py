"""The agents on disk: ARENA/agents/NAME.safetensors, and which of them is the current one. No torch here.

Whoever changes an agent reads it, works, and writes it back; `put` refuses when another process wrote it meanwhile.
"""

import hashlib
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from rolltrain_tui.arena import champions
from rolltrain_tui.arena.agents import PRESETS, Agent, AgentError, Recipe, Shape, check_name, check_recipe, check_shape
from rolltrain_tui.arena.champions import SUFFIX, Champion
from rolltrain_tui.arena.corpora import check_length, text_facts
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.safe_text import printable

FOLDER = "arena"
"""Beside the runs, in the folder that holds them."""
CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Row:
    """An agent in the list; `trouble` says why it cannot be used."""

    name: str
    agent: Agent | None
    current: bool
    trouble: str = ""


class Roster:
    """`root`: the arena's folder, made when the first agent is."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "agents"
        self._read: dict[str, str] = {}
        """SHA-256 of each file as we read or wrote it."""

    def names(self) -> list[str]:
        try:
            files = [path for path in self.folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith(".")]
        except OSError:
            return []
        return sorted((path.stem for path in files), key=str.casefold)

    def rows(self) -> list[Row]:
        """Every agent; those that cannot be read with what is wrong."""
        current, found = self.current(), []
        for name in self.names():
            try:
                found.append(Row(name, self.get(name).agent, name == current))
            except AgentError as error:
                found.append(Row(name, None, name == current, str(error)))
        return found

    def create(self, name: str, shape: Shape, recipe: Recipe, corpus: str = "names", preset: str = "") -> Agent:
        """A new, untrained agent, current if it is the first. AgentError."""
        check_name(name)
        self._refuse_taken(name)
        facts = text_facts(corpus)
        check_shape(shape, facts.vocabulary)
        check_recipe(recipe)
        check_length(facts, shape.context)
        agent = Agent(
            name=name,
            shape=shape,
            recipe=recipe,
            corpus=facts.corpus,
            preset=preset,
            vocabulary=facts.vocabulary,
            text_sha256=facts.sha256,
        )
        self.put(Champion(agent, {}), new=True)
        return agent

    def get(self, name: str) -> Champion:
        """AgentError, with the nearest name, when there is none."""
        path = self._file(name)
        if not path.exists():
            near = get_close_matches(name, self.names(), n=1)
            hint = f"did you mean {near[0]}?" if near else "rolltrain arena create makes one"
            raise AgentError(f"there is no agent {name[:40]!a}; {hint}")
        champion = champions.read(path)
        if champion.agent.name != path.stem:
            champion = replace(champion, agent=replace(champion.agent, name=path.stem))  # the file was renamed by hand
        self._read[path.stem] = _sha256_of(path)
        return champion

    def put(self, champion: Champion, *, new: bool = False) -> None:
        """Keep it. AgentError when it is new and the name is taken, or when another process has changed the agent since `get`."""
        name = champion.agent.name
        path = self._file(name)
        if new:
            self._refuse_taken(name)
        elif (known := self._read.get(name)) is not None and path.exists() and _sha256_of(path) != known:
            raise AgentError(f"{name} was changed by another rolltrain meanwhile, so nothing was written over it; try again")
        champions.write(path, champion)
        self._read[name] = _sha256_of(path)
        if new and not self._pointed():
            self.switch(name)

    def rename(self, name: str, to: str) -> None:
        was_current = self.current() == name
        champion = self.get(name)
        self._copy(champion, to)
        self._file(name).unlink()
        if was_current:
            self.switch(to)

    def copy(self, name: str, to: str) -> None:
        self._copy(self.get(name), to)

    def delete(self, name: str) -> None:
        """For good. A damaged agent can be deleted too. AgentError when there is none."""
        path = self._file(name)
        if not path.exists():
            self.get(name)
        path.unlink()
        if self.current() == name:
            (self.root / CURRENT).unlink(missing_ok=True)

    def switch(self, name: str) -> None:
        """Make it the one that commands without a name mean."""
        self.get(name)
        atomic_files.replace(self.root / CURRENT, f"{name}\n".encode())

    def current(self) -> str | None:
        """Its name; the only agent's where there is but one."""
        names = self.names()
        return self._pointed() or (names[0] if len(names) == 1 else None)

    def chosen(self, name: str | None) -> str:
        """`name`, or the current agent's. AgentError when there is neither."""
        found = name or self.current()
        if found is None:
            raise AgentError(
                "no agent is chosen: rolltrain arena switch NAME, or name one"
                if self.names()
                else "there is no agent yet: rolltrain arena create NAME N_EMBD N_LAYER N_HEAD"
            )
        return found

    def save(self, name: str, path: Path, *, force: bool = False) -> None:
        """Export the champion to a file of its own. AgentError when one is there and not to be written over."""
        if path.exists() and not force:
            raise AgentError(f"{printable(path)} is there already; --force writes over it")
        champions.write(path, self.get(name))

    def load(self, path: Path, name: str | None = None) -> Agent:
        """Import a champion from a file, under its own name or another. AgentError."""
        champion = champions.read(path)
        agent = replace(champion.agent, name=check_name(name or champion.agent.name))
        self.put(replace(champion, agent=agent), new=True)
        return agent

    def _pointed(self) -> str | None:
        """The name in the file, if there is such an agent."""
        try:
            name = (self.root / CURRENT).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return name if name in self.names() else None

    def _copy(self, champion: Champion, to: str) -> None:
        check_name(to)
        self.put(replace(champion, agent=replace(champion.agent, name=to)), new=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{check_name(name)}{SUFFIX}"

    def _refuse_taken(self, name: str) -> None:
        taken = next((other for other in self.names() if other.casefold() == name.casefold()), None)
        if taken is not None:
            raise AgentError(f"there is an agent {taken} already; choose another name")


def preset_of(name: str) -> tuple[Shape, Recipe]:
    """AgentError names the nearest."""
    if name not in PRESETS:
        raise AgentError(f"there is no preset {name[:40]!a}; there is {', '.join(PRESETS)}")
    return PRESETS[name]


def _sha256_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise AgentError(f"{printable(path)} cannot be read: {error.strerror or error}") from None
