"""What a card shows of a moment: a level, an encounter, a camp with its gate, an act, a twin's verdict, a hero at 0 HP, a fall."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

from rolltrain_tui.base.grammar import capital, counted, minus, with_minus
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.protocol.events import (
    ActBegan,
    Evaluated,
    Event,
    GateFaced,
    HeroFell,
    HeroHurt,
    LevelGained,
    MonsterAppeared,
    Rested,
    TwinJudged,
)
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.story.phrases import plus_minus, title
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.drawing.big import big
from rolltrain_tui.tui.option_keys import weakness
from rolltrain_tui.tui.widgets.game.proof import VERDICTS
from rolltrain_tui.tui.wording.words import loss

Tone = Literal["level", "encounter", "camp", "act", "gate"]


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


def face_of(events: Sequence[Event], scene: Scene | None = None) -> CardFace:
    """The card of the first event; on that of a rest stand the evaluation and the gate of its turn, which follow.

    `scene`: whose keys and objective it names.
    """
    objective = scene.objective if scene is not None else VALIDATION_LOSS
    event, *more = events
    match event:
        case LevelGained():
            return level_face(event)
        case MonsterAppeared():
            return encounter_face(event, scene)
        case Rested():
            evaluated = next((other for other in more if isinstance(other, Evaluated)), None)
            gate = next((other for other in more if isinstance(other, GateFaced)), None)
            return camp_face(event, evaluated, gate, objective)
        case GateFaced():
            return gate_face(event, objective)
        case ActBegan():
            return act_face(event)
        case TwinJudged():
            return verdict_face(event, objective)
        case HeroHurt():
            return down_face(event)
        case HeroFell():
            return fall_face(event)
    raise AssertionError(f"no card shows a {type(event).__name__}")


def level_face(event: LevelGained) -> CardFace:
    hero, news = event.sheet, tuple(("", f"✦ {flat(gain)}") for gain in event.gains)
    facts = (
        ("Hit points", f"{hero.hp}/{hero.max_hp}"),
        ("Proficiency", f"+{hero.proficiency}"),
        ("Expected k", f"{hero.expected_k:.2f} of a plain step, on average"),
        ("Next level", f"at {hero.next_level_xp} XP"),
    )
    gap = (("", ""),) if news else ()
    why = (("", ""), ("", "Experience comes from every better evaluation, from monsters and from gates."))
    return CardFace("level", "Level up", f"turn {event.turn}", big(str(hero.level)), f"Level {hero.level}", (*news, *gap, *facts, *why))


def encounter_face(event: MonsterAppeared, scene: Scene | None = None) -> CardFace:
    monster = BESTIARY.get(event.monster)
    rows = [("Why it is here", flat(with_minus(event.signal)))]
    if monster and not (scene is not None and "diagnosis" in scene.hidden):
        helps = weakness(monster.weak_to, scene).removeprefix("weak to ") if scene is not None else monster.weak_to
        rows += [("What it does", monster.summary), ("What helps", helps), ("It tests your", monster.save_stat)]
    stats = f"CR {flat(event.challenge)}   HP {event.hp}   AC {event.armour_class}"
    return CardFace(
        "encounter", f"{flat(title(event.monster))} appears", f"turn {event.turn}", monster.portrait if monster else (), stats, tuple(rows)
    )


CAMP = ("       (      ", "      ) )     ", "     ( ( (    ", "   __)_)_)__  ", "  ==/=\\=/=\\== ")


def camp_face(
    event: Rested, evaluated: Evaluated | None, gate: GateFaced | None = None, objective: Objective = VALIDATION_LOSS
) -> CardFace:
    rows = []
    if evaluated:
        better, worse, side = ("▼", "▲", "above") if objective.better == "lower" else ("▲", "▼", "below")
        verdict = f"{better} a new best" if evaluated.improved else f"{worse} {side} the best, {loss(evaluated.best, 3)}"
        rows += [(objective.title, f"{loss(evaluated.value, 3)}{plus_minus(evaluated.standard_error)}   {verdict}")]
        rows += [] if isnan(evaluated.train_loss) else [("Training loss", loss(evaluated.train_loss, 3))]
    if gate is not None:
        rows += [("Validation Gate", f"{_gate_word(gate)}   {loss(gate.value, 3)} against a bar of {loss(gate.bar, 3)}")]
        rows += [("", f"The bar is {_par(objective)} at this turn, and a little more.")]
    rows += [("Hit points", str(event.sheet.hp))]
    rows += [(flat(title(charge.ability)), f"{charge.left}/{charge.most}") for charge in event.sheet.charges if charge.most is not None]
    if event.kind == "short":
        return CardFace("camp", "Short rest", f"turn {event.turn}", (), "A moment to breathe", tuple(rows))
    rows += [("", ""), ("", "Whoever falls and may go on wakes at this fire, with the weights as they are now.")]
    return CardFace("camp", "Camp", f"turn {event.turn}", CAMP, "Long rest", tuple(rows))


def _par(objective: Objective) -> str:
    return "plain training without dice" if objective.par == VALIDATION_LOSS.par else objective.par


def _recorded(objective: Objective) -> str:
    return ", recorded without the dice" if objective.par == VALIDATION_LOSS.par else ""


GATE_OPEN = (" _________ ", "/  |   |  \\", "|  |   |  |", "|  |   |  |", "|__/   \\__|")
GATE_SHUT = (" _________ ", "/    |    \\", "|   o|o   |", "|    |    |", "|____|____|")


def gate_face(event: GateFaced, objective: Objective = VALIDATION_LOSS) -> CardFace:
    """The gate's question and the run's answer."""
    rows = (
        ("This run", f"{objective.text(event.value, 3)} on the probe set"),
        (capital(objective.par), f"{loss(event.ghost, 3)} at this turn{_recorded(objective)}"),
        ("The bar", f"{loss(event.bar, 3)}, the worst that passes"),
        ("Experience", minus(f"{event.xp:+d} XP")),
    )
    art = GATE_OPEN if event.opened else GATE_SHUT
    return CardFace("gate", "The Validation Gate", f"turn {event.turn}", art, _gate_word(event), rows)


def _gate_word(event: GateFaced) -> str:
    return "✔ It opens" if event.opened else "✖ It stays shut"


NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def verdict_face(event: TwinJudged, objective: Objective = VALIDATION_LOSS) -> CardFace:
    """What an ability did, as measured."""
    name = flat(title(event.ability)) if event.ability else "all abilities"
    delta = minus(f"{event.delta:+.4f}{plus_minus(event.standard_error, 4)}")
    rows = (
        ("Difference", f"{delta} {objective.unit}".rstrip()),
        ("Over", f"{counted(event.turns, 'turn')}, from turn {event.since} on"),
        ("", ""),
        ("", f"A copy of the training took the same turns, with the same data and dice but without {name}. The difference is its work."),
    )
    return CardFace("camp", f"The verdict on {name}", f"turn {event.turn}", (), f"{VERDICTS[event.verdict][0]} {event.verdict}", rows)


def down_face(event: HeroHurt) -> CardFace:
    """What 0 HP mean; no key helps a hero who is down."""
    rows = (
        ("", "Training goes on, every update halved. What was in force has ended, and no ability acts: wait."),
        ("", "A d20 each turn: 10 or more is a success. Three of them, or a 20: up again with 1 HP."),
        ("", "Three failures, of which a 1 is two: the hero falls, back to the last camp; in a hardcore campaign that is the end."),
    )
    return CardFace("encounter", "The hero is down", f"turn {event.turn}", (), "0 hit points", rows)


def fall_face(event: HeroFell) -> CardFace:
    """What a fall costs."""
    back = "The campaign ends here." if event.back_to_turn is None else f"The weights of turn {event.back_to_turn}, the last camp, return."
    rows = (
        ("", back),
        ("", "Hit points fall with a worse validation loss and under attacks; rests and camps heal."),
    )
    return CardFace("encounter", "The hero falls", f"turn {event.turn}", (), "Third death save failed", rows)


def act_face(event: ActBegan) -> CardFace:
    number = NUMERALS[event.number - 1] if 1 <= event.number <= len(NUMERALS) else str(event.number)
    return CardFace("act", f"Act {number}", f"turn {event.turn}", (), flat(event.title), (("", flat(event.text)),))
