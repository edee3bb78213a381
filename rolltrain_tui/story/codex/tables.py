"""Numbers and texts of the rules as Markdown, for the pages of the codex."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rolltrain_tui.base.grammar import capital, counted
from rolltrain_tui.protocol.events import Outcome
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.health.pace import FIRST_TRIP, HOT, SCOUT_ANNEAL, SCOUT_WALK, SCOUTS_ANEW, SLOW
from rolltrain_tui.rules.health.signal_monitor import CALIBRATED
from rolltrain_tui.rules.health.signals import OF_OBJECTIVE, SIGNALS, STEP_EXCESS, Signal
from rolltrain_tui.rules.hero.hero_class import STATS
from rolltrain_tui.rules.hero.levels import XP_TABLES, ability_modifier, hit_points_gained, proficiency
from rolltrain_tui.rules.monsters.due_monsters import EVERY_TURN, PAUSE, Moment, moment
from rolltrain_tui.rules.monsters.loot import ITEMS
from rolltrain_tui.rules.monsters.monster import Monster, Sign, Symptom
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS, Rulebook, odds, scaled_dc
from rolltrain_tui.story.typed_commands import HELP

SIDES = (4, 6, 8, 10, 12, 20, 100)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; every column but the first is set to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def rulebooks(_: str) -> str:
    """Each rulebook: its summary and its four cells."""
    return "\n".join(f"- **{book.name}** ({book.title}). {book.summary} {_cells(book)} {_hook(book)}" for book in RULEBOOKS.values())


def _cells(book: Rulebook) -> str:
    names: dict[Outcome, str] = {"fumble": "fumble", "miss": "miss", "hit": "hit", "crit": "critical hit"}
    return "k: " + ", ".join(f"{name} `{book.table.cell(outcome).text}`" for outcome, name in names.items()) + "."


def _hook(book: Rulebook) -> str:
    where = {"update": "on the update", "lr": "on the learning rate", "loss": "on the loss", "grad": "on the gradient"}[book.hook]
    when = {"step": "once a turn", "micro": "for every micro-batch", "last-micro": "for every micro-batch, and only the last counts"}
    return f"Acts {where}, rolled {when[book.roll_on]}."


def rulebook_odds(standard: str) -> str:
    """E[k] and what belongs to it on a d20, for every rulebook; `standard` reads "dc12_int15"."""
    dc, score = (int("".join(filter(str.isdigit, part))) for part in standard.split("_"))
    rows = []
    for book in RULEBOOKS.values():
        found = odds(book, 20, ability_modifier(score), dc, "none")
        rows.append((book.name, book.hook, *(f"{x:.3f}" for x in (found.mean, found.rms, found.p_zero, found.efficiency))))
    return table(("rulebook", "hook", "E[k]", "√E[k²]", "P(k=0)", "efficiency"), rows)


def dice(dc: str) -> str:
    """The campaign's difficulty class on every die."""
    return table(("die", "needs"), [(f"d{sides}", str(scaled_dc(int(dc), sides))) for sides in SIDES])


def modifiers(_: str) -> str:
    scores = (3, 6, 8, 10, 12, 14, 15, 16, 18, 20)
    return table(("score", "modifier"), [(str(score), f"{ability_modifier(score):+d}") for score in scores])


def saves(_: str) -> str:
    """Each score: the monsters whose attacks it saves from."""
    foes = {stat: [f"[{foe.title}]({foe.name})" for foe in BESTIARY.values() if foe.save_stat == stat] for stat in STATS}
    return "\n".join(f"- **{stat}**: {', '.join(names) or 'none'}." for stat, names in foes.items())


def levels(_: str) -> str:
    """XP and proficiency by level."""
    head = ("level", "XP (source)", "XP (srd)", "proficiency")
    rows = [
        (str(level), f"{XP_TABLES['source'][level - 1]:,}", f"{XP_TABLES['srd'][level - 1]:,}", f"+{proficiency(level)}")
        for level in (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20)
    ]
    return table(head, rows)


def hero_class(name: str) -> str:
    """The facts of a class."""
    row = CLASSES[name]
    own = ", ".join(f"[{ABILITIES[ability].title}]({ability})" for ability in row.abilities)
    gained = hit_points_gained(row.hit_die, 0)
    return "\n".join(
        (
            f"{row.motto}",
            "",
            f"- **Hit die** d{row.hit_die}: {row.hit_die} HP at level 1, {gained} more each level, and the CON modifier every time.",
            f"- **Primary** {row.primary}; proficient in {' and '.join(row.saves)} saving throws.",
            f"- **Abilities** {own}.",
            f"- **To play** {row.difficulty}.",
            f"- **Best when** {row.best_when}.",
        )
    )


def ability(name: str) -> str:
    """The facts of an ability, from its row in the rules."""
    row = ABILITIES[name]
    pool = row.power.most(1)
    charges = "no charges: as often as you like" if pool is None else f"{pool} at level 1, back after a {row.recharge} rest"
    cost = {"action": "an action", "bonus": "a bonus action", "free": "neither action nor bonus action"}[row.cost]
    lines = [
        f"*{CLASSES[row.hero_class].title if row.hero_class in CLASSES else row.hero_class.title()}. {row.summary}*",
        "",
        f"- **When you use it.** {row.live}",
        f"- **By itself**, while `auto` is on. {row.passive or 'Nothing: it has no passive form.'}",
        f"- **Costs** {cost}. **Charges:** {charges}.",
    ]
    lines += [
        f"- **{option.title}** (level {option.level}): {option.summary}{f', k = {option.k:g}' if option.k != 1 else ''}."
        for option in row.options
    ]
    return "\n".join(lines)


def monster(name: str) -> str:
    """The facts of a monster, from its row in the rules."""
    row = BESTIARY[name]
    return "\n".join(
        (
            f"*{row.summary}*",
            "",
            f"- **Challenge** {row.challenge}, worth {row.xp} XP. **HP** {row.hp}. **Armour class** {row.armour_class}.",
            f"- **{row.attack}**: a {row.save_stat} save against {row.save_dc}, and d{row.damage_die} damage (half on a success).",
            f"- **Failed**: {row.failed.words}. **Saved**: {row.saved.words}.",
            _pace(row),
            f"- **Diagnosed** when {'; or '.join(_symptom(symptom) for symptom in row.symptoms) or 'never: it comes by chance alone'}.",
            f"- **Weak to** {row.weak_to}.",
        )
    )


def _pace(row: Monster) -> str:
    if row.recharge > 6:
        return "- It never acts: that it came is enough."
    quiet = counted(row.lull, "turn")
    return f"- After it has come or acted it is quiet for {quiet}; then it acts on {row.recharge} or more of a d6 each turn."


def _symptom(symptom: Symptom) -> str:
    """What must hold, and for how long, in words."""
    signs = " and ".join(_sign(sign) for sign in symptom.signs)
    unless = f", unless {' or '.join(_sign(sign) for sign in symptom.unless)}" if symptom.unless else ""
    each = _EACH[moment(symptom)]
    alone = ", where no scouts go out" if symptom.unscouted else ""
    return f"{signs}, for {counted(symptom.hold, each)}{unless}{alone}"


_EACH: Mapping[Moment, str] = {"turn": "turn", "examination": "examination", "scouts": "return of the scouts"}


def _sign(sign: Sign) -> str:
    signal, (name, side) = SIGNALS[sign[0]], sign
    bound = signal.high if side == "high" else signal.low
    assert bound is not None, f"{name} has no {side} bound"
    elsewhere = signal.high_of_surrogate if side == "high" else None
    more = "" if elsewhere is None else f" ({_with_unit(elsewhere, signal.unit)} in the duel and the dungeon)"
    return f"{signal.title.lower()} {'over' if side == 'high' else 'under'} {_with_unit(bound, signal.unit)}{more}"


def _with_unit(value: float, unit: str) -> str:
    words = {"": "", "x": "x", "%": "%", OF_OBJECTIVE: " nats (elsewhere: steps of the objective)"}.get(unit, f" {unit}")
    return f"{value:.3g}{words}"


def symptoms(_: str) -> str:
    """Each monster and what brings it."""
    rows = [
        f"- **[{row.title}]({row.name})** ({row.challenge}): {_symptom(symptom)}{' (at once)' if symptom.at_once else ''}."
        for row in BESTIARY.values()
        for symptom in row.symptoms
    ]
    return "\n".join(rows)


def signals(_: str) -> str:
    """Each signal, what it measures and what to do about it."""
    return "\n".join(
        f"- **{row.title}** ({_measured(row.name)}): {row.meaning}. Healthy {_range(row)}. Sick: {row.advice}." for row in SIGNALS.values()
    )


def _range(row: Signal) -> str:
    ends = (("from", row.low), ("up to", row.high))
    return " ".join(f"{word} {_with_unit(bound, row.unit)}" for word, bound in ends if bound is not None)


def calibrated(_: str) -> str:
    *first, last = (f"*{SIGNALS[name].title.lower()}*" for name in CALIBRATED)
    return f"{', '.join(first)} and {last}"


def pause(_: str) -> str:
    return str(PAUSE)


def bestiary(_: str) -> str:
    rows = [
        (f"[{row.title}]({row.name})", row.challenge, str(row.hp), str(row.armour_class), f"{row.save_stat} {row.save_dc}", str(row.xp))
        for row in BESTIARY.values()
    ]
    return table(("monster", "challenge", "HP", "AC", "save", "XP"), rows)


def loot(_: str) -> str:
    """Each item: how long it holds, what it does, when it helps."""
    lasts = {name: counted(row.turns, "turn") if row.turns else "at once" for name, row in ITEMS.items()}
    return "\n".join(f"- **{row.title}** ({lasts[name]}): {row.words}. Best when: {row.best_when}." for name, row in ITEMS.items())


def typed(_: str) -> str:
    return "\n".join(f"- `{said}`: {does}" for said, does in HELP)


def signal(name: str) -> str:
    """One signal: what it measures, its healthy range, what to do, and which monsters come by it."""
    row = SIGNALS[name]
    foes = [f"[{foe.title}]({foe.name})" for foe in BESTIARY.values() if any(name in (sign[0] for sign in s.signs) for s in foe.symptoms)]
    return "\n".join(
        (
            f"*{capital(row.meaning)}.*",
            "",
            f"- **Measured**: {_measured(name)}.",
            f"- **Healthy** {_range(row)}.",
            f"- **When it is sick**: {row.advice}.",
            f"- **It brings** {', '.join(foes) or 'nobody by itself'}.",
            "",
            "All of them: [signals](signals). What ails the run as a whole: [diagnosis](diagnosis) and [scouts](scouts).",
        )
    )


def _measured(name: str) -> str:
    return "every turn" if name in EVERY_TURN else "by scouts" if name == STEP_EXCESS else "examined"


def scouts(what: str) -> str:
    """A number of the scouts."""
    later = SCOUT_WALK + SCOUT_ANNEAL
    numbers = {
        "first": FIRST_TRIP,
        "walk": SCOUT_WALK,
        "anneal": SCOUT_ANNEAL,
        "anew": SCOUTS_ANEW,
        "later": later,
        "three": 3 * later,
        "slow": SLOW,
        "hot": HOT,
    }
    return f"{numbers[what]:.2g}" if numbers[what] < 1 else f"{numbers[what]:g}"


TABLES: Mapping[str, Callable[[str], str]] = {
    "rulebooks": rulebooks,
    "odds": rulebook_odds,
    "dice": dice,
    "modifiers": modifiers,
    "saves": saves,
    "levels": levels,
    "class": hero_class,
    "ability": ability,
    "monster": monster,
    "bestiary": bestiary,
    "symptoms": symptoms,
    "signals": signals,
    "signal": signal,
    "scouts": scouts,
    "calibrated": calibrated,
    "pause": pause,
    "loot": loot,
    "typed": typed,
}
"""What may stand between double braces in a page."""
