"""The agents on disk: ARENA/agents/NAME.safetensors, and the name of the current one. Does not import torch.

To change an agent: `get` it, make a changed copy, `put` it back. `put` refuses when another process wrote the agent since `get`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rolltrain_tui.arena.agents import agent_file
from rolltrain_tui.arena.agents.agent_file import SUFFIX, Champion
from rolltrain_tui.arena.agents.agents import (
    PRESETS,
    Agent,
    AgentError,
    Recipe,
    Shape,
    check_name,
    check_recipe,
    check_shape,
    fingerprint,
    flops_per_step,
    flops_per_token,
    num_parameters,
)
from rolltrain_tui.arena.agents.corpora import check_form, check_length, text_facts
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.safe_text import flat, printable

FOLDER = "arena"
"""The arena's folder in the folder of all runs."""
CURRENT = "current"
"""File with the name of the current agent."""


@dataclass(frozen=True, slots=True)
class RosterRow:
    """An agent of the list. `trouble` says why it cannot be read."""

    name: str
    agent: Agent | None
    current: bool
    trouble: str = ""


class Roster:
    """`root`: the arena's folder. It is created with the first agent."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "agents"
        self._read: dict[str, str] = {}
        """SHA-256 of each file when this object last read or wrote it."""

    def names(self) -> list[str]:
        try:
            files = [path for path in self.folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith(".")]
        except OSError:
            return []
        return sorted((path.stem for path in files), key=str.casefold)

    def rows(self) -> list[RosterRow]:
        """All agents, including files that cannot be read."""
        current, found = self.current(), []
        for name in self.names():
            try:
                found.append(RosterRow(name, self.get(name).agent, name == current))
            except AgentError as error:
                found.append(RosterRow(name, None, name == current, str(error)))
        return found

    def create(self, name: str, shape: Shape, recipe: Recipe, corpus: str = "names", preset: str = "") -> Agent:
        """Create an untrained agent. The first one becomes the current agent. AgentError."""
        self._refuse_taken(name)
        check_form(corpus)
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
        """Read an agent. AgentError, with the nearest name, when there is none."""
        path = self._file(name)
        if not path.exists():
            there = self.names()
            near = get_close_matches(name, there, n=1)
            all_there = f"there are {', '.join(there[:5])}{' ...' * (len(there) > 5)}" if there else "rolltrain arena create makes one"
            hint = f"did you mean {near[0]}?" if near else all_there
            raise AgentError(f"there is no agent {name[:40]!r}; {hint}")
        champion = agent_file.read(path)
        if champion.agent.name != path.stem:
            champion = replace(champion, agent=replace(champion.agent, name=path.stem))  # the file was renamed by hand
        self._read[path.stem] = _sha256_of(path)
        return champion

    def put(self, champion: Champion, *, new: bool = False) -> None:
        """Write an agent. AgentError when a new name is taken, or when another process wrote the agent since `get`."""
        name = champion.agent.name
        path = self._file(name)
        if new:
            self._refuse_taken(name)
        elif (known := self._read.get(name)) is not None and path.exists() and _sha256_of(path) != known:
            raise AgentError(f"{name} was changed by another rolltrain meanwhile, so nothing was written over it; try again")
        agent_file.write(path, champion)
        self._read[name] = _sha256_of(path)
        if new and not self._marked():
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
        """Delete an agent's file, also a damaged one. AgentError when there is none."""
        path = self._file(name)
        if not path.exists():
            self.get(name)
        path.unlink()
        if self.current() == name:
            (self.root / CURRENT).unlink(missing_ok=True)

    def switch(self, name: str) -> None:
        """Make it the current agent, which commands without a name use."""
        self.get(name)
        atomic_files.replace(self.root / CURRENT, f"{name}\n".encode())

    def current(self) -> str | None:
        """Name of the current agent. If there is only one agent, it is the current one."""
        names = self.names()
        return self._marked() or (names[0] if len(names) == 1 else None)

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
        """Export an agent to `path`. AgentError when the file exists, unless `force`."""
        if path.exists() and not force:
            raise AgentError(f"{printable(path)} is there already; --force writes over it")
        agent_file.write(path, self.get(name))

    def load(self, path: Path, name: str | None = None) -> Agent:
        """Import an agent from `path`, under its own name or `name`. AgentError."""
        champion = agent_file.read(path)
        agent = champion.agent if name is None else replace(champion.agent, name=name)
        self.put(replace(champion, agent=agent), new=True)
        return agent

    def _marked(self) -> str | None:
        """The name in the file CURRENT, if that agent exists."""
        try:
            name = atomic_files.content_of(self.root / CURRENT).decode().strip()
        except (OSError, UnicodeDecodeError):
            return None
        return name if name in self.names() else None

    def _copy(self, champion: Champion, to: str) -> None:
        self.put(replace(champion, agent=replace(champion.agent, name=to)), new=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{check_name(name)}{SUFFIX}"

    def _refuse_taken(self, name: str) -> None:
        taken = next((other for other in self.names() if other.casefold() == name.casefold()), None)
        if taken is not None:
            raise AgentError(f"there is an agent {taken} already; choose another name")


def preset_of(name: str) -> tuple[Shape, Recipe]:
    """Shape and recipe of a preset. AgentError lists the presets."""
    if name not in PRESETS:
        raise AgentError(f"there is no preset {name[:40]!r}; there is {', '.join(PRESETS)}")
    return PRESETS[name]


def _sha256_of(path: Path) -> str:
    with atomic_files.saying(AgentError, f"{printable(path)} cannot be read"):
        return hashlib.sha256(atomic_files.content_of(path)).hexdigest()


# ---------------------------------------------------------------------------------------------------------------------
# The list


def agent_record(agent: Agent) -> dict[str, Any]:
    """JSON values: the agent's fields, and its size and energy."""
    return {
        **asdict(agent),
        "fingerprint": fingerprint(agent),
        "parameters": num_parameters(agent.shape, agent.vocabulary),
        "flops_per_token": flops_per_token(agent.shape, agent.vocabulary),
        "flops_per_step": flops_per_step(agent),
    }


def roster_table(rows: Sequence[RosterRow]) -> list[str]:
    """A text table: headings, then one line for each agent. The current one is marked."""
    wide = max([len(flat(row.name)) for row in rows] + [5])
    lines = [f"  {'agent':<{wide}}  {'embd':>4} {'layers':>6} {'heads':>5} {'weights':>9} {'MFLOP/step':>10} {'steps':>7} {'val':>7}  text"]
    for row in rows:
        mark = "▸" if row.current else " "
        if row.agent is None:
            lines.append(f"{mark} {flat(row.name):<{wide}}  ✖ {flat(row.trouble)}")
            continue
        agent, shape = row.agent, row.agent.shape
        val = f"{agent.val_loss:7.3f}" if agent.val_loss is not None else f"{'-':>7}"
        weights, flops = num_parameters(shape, agent.vocabulary), flops_per_step(agent) / 1e6
        lines.append(
            f"{mark} {row.name:<{wide}}  {shape.n_embd:>4} {shape.n_layer:>6} {shape.n_head:>5} {weights:>9,} {flops:>10,.2f} "
            f"{agent.step:>7,} {val}  {flat(agent.corpus)}"
        )
    return lines
