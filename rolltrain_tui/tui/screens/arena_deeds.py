"""What can be done in the arena's hall: each deed asks for its line, says what it would do, and tells what came of it."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rolltrain_tui.arena import orders
from rolltrain_tui.arena.agents import Agent, AgentError, check_name, configure, describe, flops_per_step
from rolltrain_tui.arena.champions import Champion
from rolltrain_tui.arena.matches import contender_of, gflop_per_step, steps_of
from rolltrain_tui.arena.roster import FOLDER, Roster, Row
from rolltrain_tui.arena.stadium import Stadium
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.tui.errand import Errand, Stopped
from rolltrain_tui.tui.screens.base import TavernScreen

if TYPE_CHECKING:
    from rolltrain_tui.arena.checkup import Findings


class ArenaDeeds(TavernScreen):
    """The hall without its looks: `look` reads the roster anew, `tell` adds a sentence to the story, `send` runs work in a thread."""

    rows: list[Row]
    champion: Champion | None
    """The current agent; None where it cannot be read, or there is none."""
    errand: Errand | None
    pupil: str
    """Who is being trained."""
    settings: deque[tuple[str, str]]
    """Changes for the pupil, on their way."""

    def look(self) -> None:
        raise NotImplementedError

    def tell(self, text: str) -> None:
        raise NotImplementedError

    def send(self, work: Callable[[Stopped], Iterator[object]]) -> None:
        raise NotImplementedError

    def train(self, champion: Champion, steps: int) -> None:
        raise NotImplementedError

    def pointed(self) -> Row | None:
        raise NotImplementedError

    @property
    def roster(self) -> Roster:
        return Roster(self.host.runs / FOLDER)

    def _ask(self, title: str, text: str, value: str, look: Callable[[str], str], take: Callable[[str], None]) -> None:
        from rolltrain_tui.tui.screens.ask import AskDialog

        def taken(line: str | None) -> None:
            if line is not None:
                self._try(lambda: take(line))

        self.app.push_screen(AskDialog(title, text, value, look), taken)

    def _try(self, deed: Callable[[], None]) -> None:
        try:
            deed()
        except (ValueError, OSError) as error:
            self.tell(f"✖ {flat(str(error))}")

    def _chosen(self) -> Champion | None:
        if self.champion is None:
            self.notify("There is no agent to do that with." if not self.rows else "This agent cannot be used.", severity="warning")
        return self.champion

    def action_create(self) -> None:
        def look(line: str) -> str:
            found = orders.parse_create(line)
            agent = Agent(name=found.name, shape=found.shape, recipe=found.recipe, vocabulary=found.vocabulary, text_sha256="")
            return describe(agent)

        def take(line: str) -> None:
            found = orders.parse_create(line)
            roster = self.roster
            agent = roster.create(found.name, found.shape, found.recipe, found.corpus, found.preset)
            roster.switch(agent.name)
            self.tell(f"✔ Created {describe(agent)}.")
            self.look()

        self._ask("Create an agent", orders.CREATE, "", look, take)

    def action_train(self) -> None:
        if self.errand is not None:
            self.errand.stop()
            self.tell("Stopping after this step …")
        elif (champion := self._chosen()) is not None:
            self._ask(
                f"Train {champion.agent.name}",
                "How many steps? Its settings can be changed on the way (c); t stops it, and what it has learnt is kept.",
                "200",
                lambda line: (
                    f"{orders.parse_steps(line):,} steps, {orders.parse_steps(line) * flops_per_step(champion.agent) / 1e9:.3g} GFLOP"
                ),
                lambda line: self.train(champion, orders.parse_steps(line)),
            )

    def action_config(self) -> None:
        if (champion := self._chosen()) is None:
            return
        recipe = champion.agent.recipe
        known = ", ".join(f"{name} {value}" for name, value in asdict(recipe).items())

        def look(line: str) -> str:
            name, value = orders.parse_config(line, recipe)
            return f"{name} becomes {value}, from the next step on."

        def take(line: str) -> None:
            name, value = orders.parse_config(line, recipe)
            if self.pupil == champion.agent.name and self.errand is not None:
                self.settings.append((name, value))
                return
            roster = self.roster
            changed = configure(roster.get(champion.agent.name).agent, name, value)
            roster.put(replace(roster.get(champion.agent.name), agent=changed))
            change = changed.changes[-1]
            self.tell(f"✔ {changed.name}: {change.name} {change.before} → {change.after}, from step {change.step + 1:,} on.")
            self.look()

        self._ask(f"Configure {champion.agent.name}", known, "learning_rate ", look, take)

    def _free(self) -> bool:
        """Whether nothing is under way; else a word."""
        if self.errand is not None:
            self.notify("Something is under way; t stops a training.", severity="warning")
        return self.errand is None

    def action_generate(self) -> None:
        if (champion := self._chosen()) is None or not self._free():
            return

        def look(line: str) -> str:
            n, temperature, top_k = orders.parse_generate(line)
            return f"{n} lines at temperature {temperature:g}" + (f", of the {top_k} likeliest characters" if top_k else "")

        def take(line: str) -> None:
            n, temperature, top_k = orders.parse_generate(line)

            def work(_: Stopped) -> Iterator[object]:
                from rolltrain_tui.arena.recital import recite

                yield from recite(champion, n, temperature, top_k).words()

            self.send(work)

        self._ask(f"Let {champion.agent.name} write", orders.GENERATE, "12 1.0", look, take)

    def action_diagnose(self) -> None:
        if (champion := self._chosen()) is None or not self._free():
            return

        def work(_: Stopped) -> Iterator[object]:
            from rolltrain_tui.arena.checkup import examine

            found = examine(champion)
            yield found.verdict
            yield lambda: self._show_findings(champion.agent, found)

        self.send(work)

    def _show_findings(self, agent: Agent, found: "Findings") -> None:
        from rolltrain_tui.tui.screens.arena_checkup import CheckupScreen

        self.app.push_screen(CheckupScreen(agent, found))

    def action_battle(self) -> None:
        if not self._free():
            return
        usable = [row.name for row in self.rows if row.agent is not None]
        if len(usable) < 2:
            self.notify("A battle needs two agents: n makes one, y copies one.", severity="warning")
            return
        ours = self.champion.agent.name if self.champion is not None else usable[0]
        other = next(name for name in usable if name != ours)

        def look(line: str) -> str:
            terms, entries = orders.parse_battle(line, self.roster)
            parts = []
            for entry in entries[:6]:
                contender = contender_of(entry.champion, "fresh", entry.hero, entry.rulebook)
                name = contender.name
                steps = steps_of(terms, contender)
                parts.append(f"{name} {steps:,} steps, {steps * gflop_per_step(terms, contender):.3g} GFLOP")
            return f"{'; '.join(parts)}; {terms.seeds} seeds on {terms.corpus}"

        def take(line: str) -> None:
            from rolltrain_tui.tui.screens.arena_battle import BattleScreen

            terms, entries = orders.parse_battle(line, self.roster)
            stadium = Stadium(self.roster.root)
            contenders = orders.enter(stadium, terms, entries)
            self.app.push_screen(BattleScreen(stadium, terms, contenders))

        self._ask("Battle", orders.BATTLE, f"{ours} {other} 200", look, take)

    def action_tournament(self) -> None:
        if not self._free():
            return

        def look(line: str) -> str:
            cup = orders.parse_tournament(line, self.roster)
            return f"{cup.kind}, {len(cup.contenders)} agents, {cup.rounds} rounds, {cup.terms.seeds} seeds a match"

        def take(line: str) -> None:
            from rolltrain_tui.arena import tournament as tournaments

            roster = self.roster
            cup, stadium = orders.parse_tournament(line, roster), Stadium(roster.root)
            if not tournaments.exists(roster.root, cup.name):
                tournaments.open_new(roster.root, cup)
            self.send(lambda stopped: tournaments.told(stadium, cup, stopped))

        names = " ".join(row.name for row in self.rows if row.agent is not None)
        self._ask("Tournament", orders.TOURNAMENT, f"Cup {names} 100", look, take)

    def action_verify(self) -> None:
        def work(stopped: Stopped) -> Iterator[object]:
            from rolltrain_tui.arena.verify import verify

            for finding in verify(stadium):
                yield f"{'✔' if finding.ok else '✖'} {flat(finding.words)}"
                if stopped():
                    return
            yield "Every line of the ledger has been looked at."

        stadium = Stadium(self.roster.root)
        if self._free():
            self.send(work)

    def action_leaderboard(self) -> None:
        from rolltrain_tui.tui.screens.arena_board import BoardScreen

        self.app.push_screen(BoardScreen(self.roster.root))

    def action_save(self) -> None:
        if (champion := self._chosen()) is None:
            return
        name = champion.agent.name

        def take(line: str) -> None:
            self.roster.save(name, Path(line).expanduser())
            self.tell(f"✔ Saved {name} to {flat(line)}.")

        self._ask(f"Save {name}", "A file of its own, to keep or to give away.", f"{name}.safetensors", _looks_free, take)

    def action_load(self) -> None:
        def look(line: str) -> str:
            from rolltrain_tui.arena.champions import read

            if not line.strip():
                raise AgentError("which file? Its name, such as Tiny.safetensors")
            agent = read(Path(line).expanduser()).agent
            return f"{describe(agent)}, {agent.step:,} steps trained"

        def take(line: str) -> None:
            roster = self.roster
            agent = roster.load(Path(line).expanduser())
            roster.switch(agent.name)
            self.tell(f"✔ Loaded {describe(agent)}.")
            self.look()

        here = sorted((path for path in Path().glob("*.safetensors") if path.is_file()), key=lambda path: path.stat().st_mtime)
        newest = here[-1].name if here else ""
        self._ask("Load a champion", "The file of a champion; it is checked before it is believed.", newest, look, take)

    def action_rename(self) -> None:
        self._to_name("Rename", lambda roster, name, to: roster.rename(name, to), "is called")

    def action_copy(self) -> None:
        self._to_name("Copy", lambda roster, name, to: roster.copy(name, to), "is copied to")

    def _to_name(self, verb: str, deed: Callable[[Roster, str, str], None], words: str) -> None:
        if (champion := self._chosen()) is None or not self._free():
            return
        name = champion.agent.name

        def look(line: str) -> str:
            check_name(line.strip())
            if line.strip().casefold() in (other.casefold() for other in self.roster.names()):
                raise AgentError(f"there is an agent {line.strip()} already; choose another name")
            return ""

        def take(line: str) -> None:
            deed(self.roster, name, line)
            self.tell(f"✔ {name} {words} {line}.")
            self.look()

        self._ask(f"{verb} {name}", "Its new name: letters, digits, hyphens and underscores.", "", look, take)

    def action_delete(self) -> None:
        from rolltrain_tui.tui.screens.dialogs import Choice, ChoiceDialog

        row = self.pointed()
        if row is None or not self._free():
            return

        def answered(answer: str | None) -> None:
            if answer == "delete":
                self._try(lambda: self._delete(row.name))

        choices = (Choice("keep", "Keep it", "k", "primary"), Choice("delete", "Delete", "d", "error"))
        self.app.push_screen(
            ChoiceDialog(f"Delete {row.name}?", "With all it has learnt. Its matches stay in the ledger.", choices), answered
        )

    def _delete(self, name: str) -> None:
        self.roster.delete(name)
        self.tell(f"✔ Deleted {name}.")
        self.look()


def _looks_free(line: str) -> str:
    path = Path(line).expanduser()
    if not line.strip() or path.is_dir():
        raise AgentError("the name of a file")
    if path.exists():
        raise AgentError("there is such a file already; choose another name")
    return f"A new file in {path.resolve().parent}"
