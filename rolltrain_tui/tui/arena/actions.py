"""What the keys of the arena's hall do."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from textual.app import App

from rolltrain_tui.arena import parse
from rolltrain_tui.arena.agents.agent_file import Champion
from rolltrain_tui.arena.agents.agents import Agent, AgentError, check_name, configure, describe, flops_per_step
from rolltrain_tui.arena.agents.roster import Roster, RosterRow
from rolltrain_tui.arena.battles.battles import Battles, verify
from rolltrain_tui.arena.battles.matches import contender_of, gflop_per_step, steps_of
from rolltrain_tui.base.grammar import counted, plural
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.tui.threads.worker import Stopped, Worker

if TYPE_CHECKING:
    from rolltrain_tui.arena.training.diagnosis import Diagnosis


class Hall(Protocol):
    """The screen, as its actions see it."""

    rows: list[RosterRow]
    champion: Champion | None
    """The current agent; None if there is none or its file cannot be read."""
    worker: Worker | None
    trainee: str
    """Name of the agent in training; empty if there is none."""
    settings: deque[tuple[str, str]]
    """Changes of settings that the training has not read yet."""

    @property
    def app(self) -> App[object]: ...
    @property
    def roster(self) -> Roster: ...
    def reload(self) -> None: ...
    def tell(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def start_work(self, work: Callable[[Stopped], Iterator[object]]) -> None: ...
    def train(self, champion: Champion, steps: int) -> None: ...
    def pointed(self) -> RosterRow | None: ...


class ArenaActions:
    """One method for each key of the hall: it asks for a line, shows what the line would do, does it, and tells the result."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall

    def _ask(self, title: str, text: str, value: str, look: Callable[[str], str], take: Callable[[str], None]) -> None:
        from rolltrain_tui.tui.screens.dialogs.ask import AskDialog

        def taken(line: str | None) -> None:
            if line is not None:
                self._try(lambda: take(line))

        self.hall.app.push_screen(AskDialog(title, text, value, look), taken)

    def _try(self, change: Callable[[], None]) -> None:
        try:
            change()
        except (ValueError, OSError) as error:
            self.hall.tell(f"✖ {flat(str(error))}")

    def _chosen(self) -> Champion | None:
        if self.hall.champion is None:
            self.hall.warn("There is no agent yet: n creates one." if not self.hall.rows else "This agent cannot be read: x deletes it.")
        return self.hall.champion

    def create(self) -> None:
        def look(line: str) -> str:
            found = parse.parse_create(line)
            agent = Agent(name=found.name, shape=found.shape, recipe=found.recipe, vocabulary=found.vocabulary, text_sha256="")
            return describe(agent)

        def take(line: str) -> None:
            found = parse.parse_create(line)
            roster = self.hall.roster
            agent = roster.create(found.name, found.shape, found.recipe, found.corpus, found.preset)
            roster.switch(agent.name)
            self.hall.tell(f"✔ Created {describe(agent)}.")
            self.hall.reload()

        self._ask("Create an agent", parse.CREATE, "", look, take)

    def train(self) -> None:
        if self.hall.worker is not None:
            self.hall.worker.stop()
            self.hall.tell("Stopping after this step …")
        elif (champion := self._chosen()) is not None:
            self._ask(
                f"Train {champion.agent.name}",
                "How many steps? Its settings can be changed on the way (c); t stops it, and what it has learnt is kept.",
                "200",
                lambda line: _price(parse.parse_steps(line), flops_per_step(champion.agent) / 1e9),
                lambda line: self.hall.train(champion, parse.parse_steps(line)),
            )

    def config(self) -> None:
        if (champion := self._chosen()) is None:
            return
        recipe = champion.agent.recipe
        known = ", ".join(f"{name} {value}" for name, value in asdict(recipe).items())

        def look(line: str) -> str:
            name, value = parse.parse_config(line, recipe)
            return f"{name} becomes {value}, from the next step on."

        def take(line: str) -> None:
            name, value = parse.parse_config(line, recipe)
            if self.hall.trainee == champion.agent.name and self.hall.worker is not None:
                self.hall.settings.append((name, value))
                return
            roster = self.hall.roster
            changed = configure(roster.get(champion.agent.name).agent, name, value)
            roster.put(replace(roster.get(champion.agent.name), agent=changed))
            change = changed.changes[-1]
            self.hall.tell(f"✔ {changed.name}: {change.name} {change.before} → {change.after}, from step {change.step + 1:,} on.")
            self.hall.reload()

        self._ask(f"Configure {champion.agent.name}", known, "learning_rate ", look, take)

    def _free(self) -> bool:
        """True if no work is running; else warn."""
        if self.hall.worker is not None:
            self.hall.warn("Something is under way; t stops a training.")
        return self.hall.worker is None

    def generate(self) -> None:
        if (champion := self._chosen()) is None or not self._free():
            return

        def look(line: str) -> str:
            n, temperature, top_k = parse.parse_generate(line)
            return f"{counted(n, 'line')} at temperature {temperature:g}" + (f", of the {top_k} likeliest characters" if top_k else "")

        def take(line: str) -> None:
            n, temperature, top_k = parse.parse_generate(line)

            def work(_: Stopped) -> Iterator[object]:
                from rolltrain_tui.arena.training.sampling import sample_report

                report = sample_report(champion, n, temperature, top_k)
                yield " · ".join(map(flat, report.lines))  # the panel may have five rows
                yield from report.summary()

            self.hall.start_work(work)

        self._ask(f"Let {champion.agent.name} write", parse.GENERATE, "12 1.0", look, take)

    def diagnose(self) -> None:
        if (champion := self._chosen()) is None or not self._free():
            return

        def work(_: Stopped) -> Iterator[object]:
            from rolltrain_tui.arena.training.diagnosis import examine

            found = examine(champion)
            yield found.verdict
            yield lambda: self._show_findings(champion.agent, found)

        self.hall.start_work(work)

    def _show_findings(self, agent: Agent, found: "Diagnosis") -> None:
        from rolltrain_tui.tui.arena.diagnosis import AgentDiagnosisScreen

        self.hall.app.push_screen(AgentDiagnosisScreen(agent, found))

    def battle(self) -> None:
        if not self._free():
            return
        usable = [row.name for row in self.hall.rows if row.agent is not None]
        if len(usable) < 2:
            self.hall.warn("A battle needs two agents: n makes one, y copies one.")
            return
        ours = self.hall.champion.agent.name if self.hall.champion is not None else usable[0]
        other = next(name for name in usable if name != ours)

        def look(line: str) -> str:
            terms, entries = parse.parse_battle(line, self.hall.roster)
            parts = []
            for entry in entries[:6]:
                contender = contender_of(entry.champion, "fresh", entry.hero, entry.rulebook)
                name = contender.name
                steps = steps_of(terms, contender)
                parts.append(f"{name} {_price(steps, gflop_per_step(terms, contender))}")
            return f"{'; '.join(parts)}; {counted(terms.seeds, 'seed')} on {terms.corpus}"

        def take(line: str) -> None:
            from rolltrain_tui.tui.arena.battle import BattleScreen

            terms, entries = parse.parse_battle(line, self.hall.roster)
            battles = Battles(self.hall.roster.root)
            contenders = battles.enter(terms, entries)
            self.hall.app.push_screen(BattleScreen(battles, terms, contenders))

        self._ask("Battle", parse.BATTLE, f"{ours} {other} 200", look, take)

    def tournament(self) -> None:
        if not self._free():
            return

        def look(line: str) -> str:
            cup = parse.parse_tournament(line, self.hall.roster)
            return f"{cup.kind}, {len(cup.contenders)} agents, {counted(cup.rounds, 'round')}, {counted(cup.terms.seeds, 'seed')} a match"

        def take(line: str) -> None:
            from rolltrain_tui.arena.battles import tournament as tournaments

            roster = self.hall.roster
            cup, battles = parse.parse_tournament(line, roster), Battles(roster.root)
            if not tournaments.exists(roster.root, cup.name):
                tournaments.open_new(roster.root, cup)
            self.hall.start_work(lambda stopped: tournaments.told(battles, cup, stopped))

        names = " ".join(row.name for row in self.hall.rows if row.agent is not None)
        self._ask("Tournament", parse.TOURNAMENT, f"Cup {names} 100", look, take)

    def verify(self) -> None:
        def work(stopped: Stopped) -> Iterator[object]:
            for finding in verify(battles):
                yield f"{'✔' if finding.ok else '✖'} {flat(finding.words)}"
                if stopped():
                    return
            yield "Every line of the ledger has been looked at."

        battles = Battles(self.hall.roster.root)
        if self._free():
            self.hall.start_work(work)

    def leaderboard(self) -> None:
        from rolltrain_tui.tui.arena.battle import BattleScreen
        from rolltrain_tui.tui.arena.board import BoardScreen

        self.hall.app.push_screen(BoardScreen(self.hall.roster.root, BattleScreen.repeat))

    def save(self) -> None:
        if (champion := self._chosen()) is None:
            return
        name = champion.agent.name

        def take(line: str) -> None:
            self.hall.roster.save(name, Path(line).expanduser())
            self.hall.tell(f"✔ Saved {name} to {flat(line)}.")

        self._ask(f"Save {name}", "One file with the agent, to keep or to give away.", f"{name}.safetensors", _looks_free, take)

    def load(self) -> None:
        def look(line: str) -> str:
            from rolltrain_tui.arena.agents.agent_file import read

            if not line.strip():
                raise AgentError("which file? Its name, such as Tiny.safetensors")
            agent = read(Path(line).expanduser()).agent
            return f"{describe(agent)}, {agent.step:,} {plural(agent.step, 'step')} trained"

        def take(line: str) -> None:
            roster = self.hall.roster
            agent = roster.load(Path(line).expanduser())
            roster.switch(agent.name)
            self.hall.tell(f"✔ Loaded {describe(agent)}.")
            self.hall.reload()

        here = sorted((path for path in Path().glob("*.safetensors") if path.is_file()), key=lambda path: path.stat().st_mtime)
        newest = here[-1].name if here else ""
        self._ask("Load a champion", "The file of a champion; it is checked before it is believed.", newest, look, take)

    def rename(self) -> None:
        self._to_name("Rename", Roster.rename, "is called")

    def copy(self) -> None:
        self._to_name("Copy", Roster.copy, "is copied to")

    def _to_name(self, verb: str, change: Callable[[Roster, str, str], None], words: str) -> None:
        if (champion := self._chosen()) is None or not self._free():
            return
        name = champion.agent.name

        def look(line: str) -> str:
            check_name(line.strip())
            if line.strip().casefold() in (other.casefold() for other in self.hall.roster.names()):
                raise AgentError(f"there is an agent {line.strip()} already; choose another name")
            return ""

        def take(line: str) -> None:
            change(self.hall.roster, name, line)
            self.hall.tell(f"✔ {name} {words} {line}.")
            self.hall.reload()

        self._ask(f"{verb} {name}", "Its new name: letters, digits, hyphens and underscores.", "", look, take)

    def delete(self) -> None:
        from rolltrain_tui.tui.screens.dialogs.choice import delete_dialog

        row = self.hall.pointed()
        if row is None or not self._free():
            return

        def answered(answer: str | None) -> None:
            if answer == "delete":
                self._try(lambda: self._delete(row.name))

        question = delete_dialog(f"Delete {row.name}?", "With all it has learnt. Its matches stay in the ledger.")
        self.hall.app.push_screen(question, answered)

    def _delete(self, name: str) -> None:
        self.hall.roster.delete(name)
        self.hall.tell(f"✔ Deleted {name}.")
        self.hall.reload()


def _looks_free(line: str) -> str:
    path = Path(line).expanduser()
    if not line.strip() or path.is_dir():
        raise AgentError("the name of a file")
    if path.exists():
        raise AgentError("there is such a file already; choose another name")
    return f"A new file in {path.resolve().parent}"


def _price(steps: int, gflop: float) -> str:
    """So many steps, and what they cost at `gflop` a step."""
    return f"{steps:,} {plural(steps, 'step')}, {steps * gflop:.3g} GFLOP"
