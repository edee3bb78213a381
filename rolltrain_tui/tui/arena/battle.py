"""The screen of a battle: a card and a live curve for each contender, commentary, and the report at the end."""

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from rolltrain_tui.arena.agents.agents import num_parameters
from rolltrain_tui.arena.battles.battles import Battles
from rolltrain_tui.arena.battles.commentary import Commentator, uniqueness
from rolltrain_tui.arena.battles.events import BattleBegan, BattleEnded, ContenderJudged, Raced
from rolltrain_tui.arena.battles.ledger import RecordedMatch
from rolltrain_tui.arena.battles.matches import Contender, Match, Terms, gflop_per_step, steps_of
from rolltrain_tui.arena.training.scores import BURST, quality
from rolltrain_tui.base.grammar import counted, plural
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.story.phrases import plus_minus
from rolltrain_tui.tui.arena.board import BoardScreen
from rolltrain_tui.tui.screens.dialogs.command_palette import KeyVerbs
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.screens.kinds.working import WorkingScreen
from rolltrain_tui.tui.threads.worker import Stopped
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.panel import Line, Panel, WholePanel, bar, cut, justify
from rolltrain_tui.tui.widgets.story import StoryPanel
from rolltrain_tui.tui.widgets.training.curves import Curve, curve_lines, mark_of, tone_of

PACE = 0.06
"""Pause in seconds after each report of the race, so that it can be watched. Full speed has none; no number depends on it."""
SPLIT = 4
"""Most contenders with a card each; more share a list."""


class BattleScreen(WorkingScreen):
    """Starts the battle when it opens. With `recorded`, it repeats a match of the ledger and compares the results at the end."""

    CSS_PATH = "battle.tcss"
    COMMANDS = {KeyVerbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", tooltip="Back; stops an unfinished battle without recording it"),
        Binding("f", "full_speed", "Full speed", tooltip="Fight on without pauses"),
        Binding("a", "again", "Again", tooltip="Fight again on the next seeds"),
        Binding("l", "leaderboard", "Boards", tooltip="The leaderboards and ratings"),
        Binding("pageup", "leaf(-1)", "Earlier commentary", show=False),
        Binding("pagedown", "leaf(1)", "Later commentary", show=False),
    ]

    def __init__(
        self, battles: Battles, terms: Terms, contenders: tuple[Contender, ...], recorded: tuple[int, Match] | None = None
    ) -> None:
        super().__init__()
        self._battles, self._terms, self._contenders, self._recorded = battles, terms, contenders, recorded
        self._pace = PACE
        self._begin()

    @classmethod
    def repeat(cls, battles: Battles, recorded: RecordedMatch) -> "BattleScreen":
        """The screen of a recorded match that is fought again and compared."""
        match = recorded.match
        return cls(battles, match.terms, match.contenders, (recorded.number, match))

    def _begin(self) -> None:
        self._commentator = Commentator()
        self._race: list[list[tuple[float, float]]] = [[] for _ in self._contenders]
        self._done = 0.0
        self._judged: dict[int, ContenderJudged] = {}
        self._match: Match | None = None

    def compose(self) -> ComposeResult:
        yield WholePanel(lambda width, _: [self._head(width)], id="battle-head")
        with Horizontal(id="battle-cards"):
            for place in range(len(self._contenders) if self._split else 1):
                yield WholePanel(partial(self._card, place) if self._split else self._crowd, classes="battle-card")
        yield WholePanel(self._curves, id="battle-race")
        yield StoryPanel(id="battle-story")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        self.query_one("#battle-story").border_title = "Commentary"
        self.query_one("#battle-race", Panel).name_box("The race: loss in nats per character, mean over seeds")
        for place, card in enumerate(self.query(".battle-card").results(Panel)):
            card.name_box(f"{mark_of(place)} {self._contenders[place].name}" if self._split else f"{len(self._contenders)} contenders")
        if not self._split:
            self.query_one("#battle-cards").styles.height = min(len(self._contenders), self.size.height // 4) + 2
        self._fight()

    # The battle, in a thread.

    def _fight(self) -> None:
        battles, terms, contenders, record = self._battles, self._terms, self._contenders, self._recorded is None

        def work(stopped: Stopped) -> Iterator[object]:
            for event in battles.fight(terms, contenders, stopped=stopped, record=record):
                yield event
                if isinstance(event, Raced) and self._pace and self.worker is not None:
                    self.worker.pause(self._pace)

        self.start_work(work)

    def hear(self, event: object) -> None:
        if isinstance(event, Raced):
            self._done = event.done
            for race, step, loss in zip(self._race, event.steps, event.losses, strict=True):
                race.append((step, loss))
        elif isinstance(event, ContenderJudged):
            self._judged[event.place] = event
        elif isinstance(event, BattleEnded):
            self._match = event.match
        for line in self._commentator.tell(event):  # type: ignore[arg-type]  # a battle yields nothing else
            self.tell(line)
        if isinstance(event, BattleBegan) and self._recorded is not None:
            self.tell(f"This is match #{self._recorded[0]} of the ledger, fought again; nothing is recorded.")
        if isinstance(event, BattleEnded):
            self.tell(self._epilogue(event.match))

    def _epilogue(self, match: Match) -> str:
        if self._recorded is None:
            return f"✔ Written to the ledger, {match.seconds:.1f} s. The boards (l) lead back to this match."
        number, recorded = self._recorded
        if match.standings == recorded.standings:
            return f"✔ The same as match #{number}, to the last bit."
        return f"✖ Match #{number} ended otherwise in the ledger: rolltrain arena verify {number} says where."

    # What is shown.

    @while_open
    def draw(self) -> None:
        for panel in self.query(WholePanel):
            panel.look_again()

    @property
    def _split(self) -> bool:
        """Whether every contender has a card."""
        return len(self._contenders) <= SPLIT

    def _crowd(self, width: int, _: int) -> list[Line]:
        return [self._row(place, width) for place in self._order()]

    def _curves(self, width: int, height: int) -> list[Line]:
        curves = [Curve(points, tone_of(place), mark_of(place)) for place, points in enumerate(self._race)]
        last = float(max(steps_of(self._terms, contender) for contender in self._contenders))
        return curve_lines(curves, width, height, last=last, most=math.log(self._terms.vocabulary) + BURST)

    def _head(self, width: int) -> Line:
        terms = self._terms
        budget = f"{terms.budget:g} GFLOP" if terms.unit == "gflop" else f"{terms.budget:,.0f} {plural(terms.budget, 'step')}"
        words = f"{' against '.join(c.name for c in self._contenders)} · {budget} on {flat(terms.corpus)}, {counted(terms.seeds, 'seed')}"
        state = "over" if self._match is not None else "they write" if self._done == 1 else f"{self._done:4.0%}"
        return justify([(words, "accent")], [*bar(self._done, 1, 16, "energy"), (f" {state}", "")], width)

    def _order(self) -> list[int]:
        """Contenders by rank, or by their last loss before there are ranks."""
        if self._match is not None:
            return sorted(range(len(self._contenders)), key=lambda place: self._match.standings[place].rank if self._match else 0)
        return sorted(range(len(self._contenders)), key=lambda place: self._race[place][-1][1] if self._race[place] else 0.0)

    def _row(self, place: int, width: int) -> Line:
        contender, race, judged = self._contenders[place], self._race[place], self._judged.get(place)
        loss = f"{_short(race[-1][1]) if race else '–':>8}"
        found = judged.standing.score if judged is not None else None
        score = f"  score {found.mean:6.2f}{plus_minus(found.standard_error, 2, ' ±')}" if found is not None else ""
        rank = f"{self._match.standings[place].rank:>3}" if self._match is not None else "   "
        return [
            (f"{rank} ", "strong"),
            (f"{mark_of(place)} ", tone_of(place)),
            (cut(f"{contender.name:<24} loss {loss}{score}", width - 6), ""),
        ]

    def _card(self, place: int, width: int, _: int) -> list[Line]:
        contender, race, judged, tone = self._contenders[place], self._race[place], self._judged.get(place), tone_of(place)
        shape, steps = contender.shape, steps_of(self._terms, contender)
        gflop = steps * gflop_per_step(self._terms, contender)
        leading = bool(race) and self._order()[0] == place
        loss = _short(race[-1][1]) if race else "–"
        weights = num_parameters(shape, self._terms.vocabulary)
        about = f"{weights:,} weights · {shape.n_embd}x{shape.n_layer}x{shape.n_head} · lr {contender.recipe.learning_rate:g}"
        lines: list[Line] = [
            [(cut(about, width), "muted")],
            [("loss ", "muted"), (f"{loss:>7}", f"{tone}+strong"), ("  ▲ leads" if leading and self._match is None else "", "good")],
            [*bar(self._done, 1, max(6, width - 24), "energy"), (cut(f" {self._done * gflop:.3f}/{gflop:.3f} GFLOP", 24), "muted")],
        ]
        if judged is not None:
            standing = judged.standing
            lines[1] = self._verdict(place, f"{tone}+strong")
            unique, q = uniqueness(standing, self._terms), quality(standing.loss, self._terms.vocabulary)
            lines.append([(cut(f"Q {q:.1f} · unique {unique:.0%} · loss {_short(standing.loss)}", width), "")])
        return lines

    def _verdict(self, place: int, tone: str) -> Line:
        score = self._judged[place].standing.score
        error = plus_minus(score.standard_error, 2, " ±")
        words: Line = []
        if self._match is not None:
            first = self._match.standings[place].rank == 1
            words = [("  ★ wins", "accent") if self._match.winner == place else ("  ═ draws", "warn") if first else ("  ▼ beaten", "muted")]
        return [("score ", "muted"), (f"{score.mean:.2f}", tone), (error, "muted"), *words]

    # Keys.

    def action_full_speed(self) -> None:
        self._pace = 0.0

    def action_again(self) -> None:
        if self.worker is not None:
            self.notify("This battle is not over yet.", severity="warning")
            return
        self._recorded = None
        self._terms = replace(self._terms, first_seed=self._terms.first_seed + self._terms.seeds)
        self._begin()
        self._fight()

    def action_leaderboard(self) -> None:
        if self.worker is None:
            self.app.push_screen(BoardScreen(self._battles.root, BattleScreen.repeat))


def _short(loss: float) -> str:
    return f"{loss:.3f}" if loss < 1000 else f"{loss:.0e}" if math.isfinite(loss) else "burst"
