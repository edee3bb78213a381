"""The character sheet: life, experience, scores, and what the abilities have left."""

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.hero.levels import ability_modifier
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.views import AbilityView
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, Span, bar, cut, justify, width_of
from rolltrain_tui.tui.wording.figures import signed, work
from rolltrain_tui.tui.wording.titles import titled


class HeroPanel(ScenePanel):
    def show_scene(self, scene: Scene) -> None:
        self.name_box(hero_title(scene))
        self.show(hero_lines(scene, self.content_size.width, self.content_size.height))


def hero_title(scene: Scene) -> str:
    hero, star = scene.sheet, " ★" if scene.inspired else ""
    return f"{clean(hero.name)} · {titled(hero.hero_class)} {hero.level}{star}" if hero.name else "Hero"


FIGURES = 12
"""Cells at the end of a gauge for its numbers; a gauge with longer ones has more."""


def gauge(label: str, value: float, most: float, numbers: str, width: int, tone: str, figures: int = FIGURES) -> Line:
    """Label, bar and numbers on `width` cells, the last `figures` of them for the numbers."""
    return [(f"{label:<3} ", "muted"), *bar(value, most, max(4, width - 4 - figures), tone), (f"{numbers:>{figures}}", "")]


def of_most(value: int, most: int) -> str:
    """Both numbers, as "  9/30"; the slash keeps its place."""
    return f"{value:>{len(str(most))}}/{most}"


def vital_lines(scene: Scene, width: int) -> list[Line]:
    """Life, experience and, where there is a limit, the energy that is left: gauges of one length."""
    hero = scene.sheet
    next_level = max(hero.xp, hero.next_level_xp)
    life, experience = of_most(hero.hp, hero.max_hp), of_most(hero.xp, next_level)
    figures = max(FIGURES, len(life) + 1, len(experience) + 1)
    low = hero.hp * 4 <= hero.max_hp
    lines = [
        gauge("HP", hero.hp, hero.max_hp, life, width, "bad" if low else "good", figures),
        gauge("XP", hero.xp, next_level, experience, width, "xp", figures),
    ]
    if scene.energy is not None:
        left = max(0.0, scene.energy - scene.gflop)
        low = left * 4 <= scene.energy
        lines.append(gauge("EN", left, scene.energy, work(left), width, "bad" if low else "energy", figures))
    return lines


def ability_lines(scene: Scene, width: int) -> list[Line]:
    """One line an ability: its key, its charges, whether it is in force and whether it may trigger by itself."""
    lines: list[Line] = []
    for number, charge in enumerate(scene.charges.values(), start=1):
        view = scene.active.get(charge.ability)
        left: list[Span] = [(f"{number} ", "key"), (titled(charge.ability), "strong" if view else "")]
        pool = f"  {charge.left}/{charge.most}" if charge.left is not None else "  at will" if view is None else ""
        right: list[Span] = [("  auto", "cool")] if charge.auto else []
        right.append((pool, "bad" if charge.left == 0 else ""))
        if view is not None:
            left.append((_in_force(view, scene.turns_left(charge.ability), width - width_of([*left, *right]) - 1), "warn"))
        lines.append(justify(left, right, width))
    return lines


def _in_force(view: AbilityView, turns: int | None, room: int) -> str:
    """The option in use, or the turns left in as many words as fit."""
    if turns is None:
        return f" ✔ {clean(view.option)}"
    words = (f" ✔ {counted(turns, 'more turn')}", f" ✔ {turns} more", f" ✔{turns}")
    return next((text for text in words if len(text) <= room), words[-1])


def boon_lines(scene: Scene, width: int) -> list[Line]:
    """What the adventure brought that waits or works: a choice, inspiration, items in force."""
    lines: list[Line] = []
    if scene.sheet.choices:
        lines.append([("g ", "key", "screen.raise"), ("▲ a score may be raised", "accent", "screen.raise")])
    if scene.inspired:
        lines.append([("i ", "key", "screen.inspire"), ("★ inspired: advantage", "accent", "screen.inspire")])
    for view in scene.items.values():
        turns = counted(max(0, view.until - scene.turn), "more turn")
        lines.append(justify([("✦ ", "warn"), (titled(view.item), "strong")], [(f" ✔ {turns}", "warn")], width))
    return lines


def stat_lines(scene: Scene, width: int) -> list[Line]:
    """The six scores with their modifiers, three on a line."""
    cells = [[(f"{name} ", "muted"), (f"{score:>2} {signed(ability_modifier(score))}", "")] for name, score in scene.sheet.stats]
    gap = max(1, min(4, (width - 30) // 2))
    lines: list[Line] = []
    for row in (cells[:3], cells[3:6]):
        line: list[Span] = []
        for place, cell in enumerate(row):
            line += [(" " * gap, "")] if place else []
            line += cell
        lines.append(line)
    return lines


def dying(scene: Scene) -> Line:
    """The death saves so far of a hero at 0 HP; where the run is over, that the hero has fallen."""
    if scene.ending is not None:
        return [("Fallen", "bad+strong")]
    successes, failures = scene.death_saves or (0, 0)
    marks = "✔" * successes + "·" * (3 - successes), "✖" * failures + "·" * (3 - failures)
    return [("Dying  ", "bad+strong"), (marks[0], "good"), ("  ", ""), (marks[1], "bad")]


def rules_line(scene: Scene) -> list[Line]:
    return [
        [("DC ", "muted"), (f"{scene.dc:>2}", ""), ("   proficiency ", "muted"), (signed(scene.sheet.proficiency), "")],
        [("E[k] ", "muted"), (f"{scene.sheet.expected_k:.3f}", ""), ("  rulebook ", "muted"), (clean(scene.rulebook), "")],
    ]


def hero_lines(scene: Scene, width: int, height: int) -> list[Line]:
    """As much of the sheet as `height` lines hold, the most needed first; with room, some air between its parts."""
    hero = scene.sheet
    if not hero.name:
        return [[("The hero is on the way.", "muted")]]
    top = vital_lines(scene, width)
    if hero.hp <= 0:
        top.append(dying(scene))
    parts = [
        top,
        [*ability_lines(scene, width), *boon_lines(scene, width)],
        rules_line(scene),
        stat_lines(scene, width),
        _ledger(scene, width),
    ]
    lines: list[Line] = []
    spare = height - sum(len(part) for part in parts)
    for part in parts:
        if lines and spare > 0:
            lines.append([])
            spare -= 1
        lines += part
    return [*lines, *_portrait(hero, width, height - len(lines))][:height]


def _portrait(hero: Sheet, width: int, rows: int) -> list[Line]:
    """The hero's picture where there is room for it."""
    row = CLASSES.get(hero.hero_class)
    if row is None or len(row.portrait) > rows:
        return []
    indent = " " * max(0, (width - max(map(len, row.portrait))) // 2)
    gap: list[Line] = [[]] if len(row.portrait) < rows else []
    return [*gap, *([(indent + line, "primary")] for line in row.portrait)]


def _ledger(scene: Scene, width: int) -> list[Line]:
    own = work(scene.gflop)
    others = (("twin", scene.twin_gflop), ("scouts", scene.scout_gflop))
    parts: Line = [(f", {name} {work(gflop)}", "muted") for name, gflop in others if gflop]
    alone: Line = [("Energy ", "muted"), (own, "energy")]
    spent: Line = [*alone, *parts]
    falls = scene.sheet.deaths
    fallen: Line = [(f"fell {counted(falls, 'time')}", "bad")] if falls else []
    for line in (spent, alone):
        if width_of(line) + width_of(fallen) < width:
            return [justify(line, fallen, width)]
    return [[(cut(own, width), "energy")]]
