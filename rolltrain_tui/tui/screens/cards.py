"""Cards that interrupt an expedition: a new level, an encounter, a camp, its gate, an act. Each waits for a key, or passes by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import events as textual_events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.protocol.events import ActBegan, Evaluated, Event, GateFaced, LevelGained, MonsterAppeared, Rested
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.protocol.sheet import Charge
from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.monsters import BESTIARY
from rolltrain_tui.tui.screens.base import still_open
from rolltrain_tui.tui.widgets.fact import Fact
from rolltrain_tui.tui.words import loss

Tone = Literal["level", "encounter", "camp", "act", "gate"]
TICK_SECONDS = 0.25
DIGITS = (
    "█▀█ ▄█  ▀▀█ ▀▀█ █ █ █▀▀ █▀▀ ▀▀█ █▀█ █▀█",
    "█ █  █  █▀▀  ▀█ ▀▀█ ▀▀█ █▀█   █ █▀█ ▀▀█",
    "▀▀▀ ▀▀▀ ▀▀▀ ▀▀▀   ▀ ▀▀▀ ▀▀▀   ▀ ▀▀▀ ▀▀▀",
)
"""0 to 9, three cells wide each."""


@dataclass(frozen=True, slots=True)
class CardFace:
    """What a card shows, before any styling."""

    tone: Tone
    title: str
    subtitle: str
    art: tuple[str, ...]
    """Drawn in the middle, line by line as it is."""
    headline: str
    rows: tuple[tuple[str, str], ...]
    """(name, value); without a name the value takes the whole row."""


class Card(ModalScreen[None]):
    """One card for the event (or events) of a moment. `seconds` None: it waits for a key; else it passes by itself.

    Enter, Space or Escape puts it away; so does a click. Any other key puts it away too and is not lost: the screen below gets it.
    """

    CSS_PATH = "cards.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space,escape", "put_away", "Go on", priority=True)]

    def __init__(self, events: Event | Sequence[Event], seconds: float | None = None, objective: Objective = VALIDATION_LOSS) -> None:
        super().__init__()
        self.face = face_of(events if isinstance(events, Sequence) else (events,), objective)
        self._seconds = seconds
        self._ticks_left = 0 if seconds is None else max(1, round(seconds / TICK_SECONDS))

    def compose(self) -> ComposeResult:
        face = self.face
        with Vertical(id="card", classes=f"-{face.tone}"):
            yield Static(Content(_block(face.art)), id="card-art")
            yield Static(Content(face.headline), id="card-headline")
            with VerticalScroll(id="card-body", can_focus=False):
                for name, value in face.rows:
                    yield Fact(name, value)
            yield Static(self._foot(), id="card-foot")

    def on_mount(self) -> None:
        if not still_open(self):
            return
        card = self.query_one("#card")
        card.border_title = Content(self.face.title)
        card.border_subtitle = Content(self.face.subtitle)
        self.query_one("#card-art").display = bool(self.face.art)
        if self._seconds is not None:
            self.set_timer(self._seconds, self.action_put_away)
            self.set_interval(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._ticks_left = max(0, self._ticks_left - 1)
        self.query_one("#card-foot", Static).update(self._foot(), layout=False)

    def _foot(self) -> Content:
        if self._seconds is None:
            return Content("Enter goes on")
        bar = "▰" * min(20, self._ticks_left)
        return Content.assemble("Goes on by itself; Enter goes on now  ", (bar, "$accent"))

    def on_click(self, event: textual_events.Click) -> None:
        event.stop()
        self.action_put_away()

    def on_key(self, event: textual_events.Key) -> None:
        event.stop()
        self.action_put_away()
        self.app.call_later(self.app.simulate_key, event.key)

    def action_put_away(self) -> None:
        if self.is_current:
            self.dismiss(None)


def face_of(events: Sequence[Event], objective: Objective = VALIDATION_LOSS) -> CardFace:
    """The card of a moment, by its most telling event: a level, then an encounter, a rest, a gate, an act."""
    for event in events:
        if isinstance(event, LevelGained):
            return level_face(event)
    for event in events:
        if isinstance(event, MonsterAppeared):
            return encounter_face(event)
    evaluated = next((event for event in events if isinstance(event, Evaluated)), None)
    gate = next((event for event in events if isinstance(event, GateFaced)), None)
    for event in events:
        if isinstance(event, Rested):
            return camp_face(event, evaluated, gate, objective)
    if gate is not None:
        return gate_face(gate, objective)
    for event in events:
        if isinstance(event, ActBegan):
            return act_face(event)
    raise AssertionError(f"no card shows {[type(event).__name__ for event in events]}")


def level_face(event: LevelGained) -> CardFace:
    hero, news = event.sheet, tuple(("", f"✦ {flat(gain)}") for gain in event.gains)
    facts = (
        ("Hit points", f"{hero.hp}/{hero.max_hp}"),
        ("Proficiency", f"+{hero.proficiency}"),
        ("Expected k", f"{hero.expected_k:.2f} of a plain step, on average"),
        ("Next level", f"at {hero.next_level_xp} XP"),
    )
    gap = (("", ""),) if news else ()
    return CardFace("level", "Level up", f"turn {event.turn}", big(hero.level), f"Level {hero.level}", (*news, *gap, *facts))


def encounter_face(event: MonsterAppeared) -> CardFace:
    monster = BESTIARY.get(event.monster)
    title = monster.title if monster else _title(event.monster)
    rows = [("Why it is here", flat(event.signal))]
    if monster:
        rows += [("What it does", monster.summary), ("What helps", monster.weak_to), ("It tests your", monster.save_stat)]
    stats = f"CR {flat(event.challenge)}   HP {event.hp}   AC {event.armour_class}"
    return CardFace("encounter", f"{title} appears", f"turn {event.turn}", monster.portrait if monster else (), stats, tuple(rows))


CAMP = ("       (      ", "      ) )     ", "     ( ( (    ", "   __)_)_)__  ", "  ==/=\\=/=\\== ")


def camp_face(
    event: Rested, evaluated: Evaluated | None, gate: GateFaced | None = None, objective: Objective = VALIDATION_LOSS
) -> CardFace:
    rows = []
    if evaluated:
        better, worse, side = ("▼", "▲", "above") if objective.better == "lower" else ("▲", "▼", "below")
        verdict = f"{better} a new best" if evaluated.improved else f"{worse} {side} the best, {loss(evaluated.best, 3)}"
        rows += [(objective.title, f"{loss(evaluated.value, 3)} ± {loss(evaluated.standard_error, 3)}   {verdict}")]
        rows += [("Training loss", loss(evaluated.train_loss, 3))]
    if gate is not None:
        rows += [("Validation Gate", f"{_gate_word(gate)}   the bar was {loss(gate.bar, 3)}")]
    rows += [("Hit points", str(event.sheet.hp))]
    rows += [(_ability(charge), f"{charge.left}/{charge.most}") for charge in event.sheet.charges if charge.most is not None]
    if event.kind == "short":
        return CardFace("camp", "Short rest", f"turn {event.turn}", (), "A moment to breathe", tuple(rows))
    rows += [("", ""), ("", "The weights are kept here: whoever falls wakes at this fire.")]
    return CardFace("camp", "Camp", f"turn {event.turn}", CAMP, "Long rest", tuple(rows))


GATE_OPEN = (" _________ ", "/  |   |  \\", "|  |   |  |", "|  |   |  |", "|__/   \\__|")
GATE_SHUT = (" _________ ", "/    |    \\", "|   o|o   |", "|    |    |", "|____|____|")


def gate_face(event: GateFaced, objective: Objective = VALIDATION_LOSS) -> CardFace:
    """The gate's question and the run's answer."""
    rows = (
        ("This run", f"{objective.text(event.value, 3)} on the probe set"),
        ("Plain training", f"{loss(event.ghost, 3)} at this turn, recorded without the dice"),
        ("The bar", f"{loss(event.bar, 3)}, the worst that passes"),
        ("Experience", f"{event.xp:+d} XP".replace("-", "−")),
    )
    art = GATE_OPEN if event.opened else GATE_SHUT
    return CardFace("gate", "The Validation Gate", f"turn {event.turn}", art, _gate_word(event), rows)


def _gate_word(event: GateFaced) -> str:
    return "✔ It opens" if event.opened else "✖ It stays shut"


NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def act_face(event: ActBegan) -> CardFace:
    number = NUMERALS[event.number - 1] if 1 <= event.number <= len(NUMERALS) else str(event.number)
    return CardFace("act", f"Act {number}", f"turn {event.turn}", (), flat(event.title), (("", flat(event.text)),))


def big(number: int) -> tuple[str, ...]:
    """A number three lines high."""
    return tuple(" ".join(row[4 * int(digit) : 4 * int(digit) + 3] for digit in str(number)) for row in DIGITS)


def _block(art: tuple[str, ...]) -> str:
    """Drawn lines made equally wide, so that centring moves them together."""
    width = max(map(len, art), default=0)
    return "\n".join(line.ljust(width) for line in art)


def _ability(charge: Charge) -> str:
    return ABILITIES[charge.ability].title if charge.ability in ABILITIES else _title(charge.ability)


def _title(name: str) -> str:
    return flat(name).replace("_", " ").title()
