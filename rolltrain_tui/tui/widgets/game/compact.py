"""The hero, the die and the foe in a few lines, for small terminals."""

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.widgets.game.die import TONES, measured, sum_of_roll, verdict
from rolltrain_tui.tui.widgets.game.hero import dying, hero_title
from rolltrain_tui.tui.widgets.game.monster import quiet_words
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, Span, bar, cut, justify, width_of
from rolltrain_tui.tui.widgets.training.vitals import sick_line
from rolltrain_tui.tui.wording.titles import titled

SICK_FROM = 14
"""Cells below which nothing is said of what ails the run."""


class CompactPanel(ScenePanel):
    def show_scene(self, scene: Scene) -> None:
        self.show(compact_lines(scene, self.content_size.width))


def compact_lines(scene: Scene, width: int) -> list[Line]:
    """Four lines: who, life and experience, the foe, the die."""
    hero = scene.sheet
    half = max(10, (width - 40) // 2)
    abilities = "  ".join(_active(scene))
    active: Line = [(cut(abilities, width // 2), "warn")]
    title = hero_title(scene)
    room = width - width_of(active) - len(title) - 4
    sick = sick_line(scene.sick, room, scene.objective) if room >= SICK_FROM else []
    name = justify([(title, "strong")], [*active, ("  " if abilities and sick else "", ""), *sick], width)
    life: Line = [
        ("HP  ", "muted"),
        *bar(hero.hp, hero.max_hp, half, "bad" if hero.hp * 4 <= hero.max_hp else "good"),
        (f" {hero.hp:>3}/{hero.max_hp:<3}", ""),
        ("   XP ", "muted"),
        *bar(hero.xp, max(hero.xp, hero.next_level_xp), half, "xp"),
        (f" {hero.xp:>6}/{hero.next_level_xp}", ""),
    ]
    return [name, dying(scene) if hero.name and hero.hp <= 0 else life, _foe(scene, width, half), _die(scene, width)]


def _active(scene: Scene) -> list[str]:
    words = []
    for name, view in scene.active.items():
        turns = scene.turns_left(name)
        words.append(f"{titled(name, view.option)} ✔" + ("" if turns is None else f" {turns} more"))
    words += [f"{titled(used.item)} ✔ {max(0, used.until - scene.turn)} more" for used in scene.items.values()]
    return words


def _foe(scene: Scene, width: int, half: int) -> Line:
    foe = scene.monster
    if foe is None:
        return [(cut(quiet_words(scene), width), "muted")]
    health: list[Span] = [*bar(foe.hp, foe.max_hp, half, "hp"), (f" {foe.hp:>3}/{foe.max_hp:<3}", "")]
    return [("FOE ", "bad"), *health, (f"  {titled(foe.name)}, CR {clean(foe.challenge)}", "primary")]


def _die(scene: Scene, width: int) -> Line:
    """In columns where there is room; else closer together, and without the k that was asked."""
    roll = scene.roll
    if roll is None:
        return [(f"d{scene.die}  no roll yet", "muted")]

    def line(cells: int, gap: str, told: Line) -> Line:
        total = (f"{sum_of_roll(roll):<{cells}} ", TONES[roll.outcome])
        return [(f"d{roll.die} ", "muted"), total, *verdict(roll, scene.roll_outcomes), (gap, ""), *told]

    told = measured(scene)
    tries = line(14, "   ", told), line(0, " ", told), line(0, " ", told[-1:])
    return next((found for found in tries if width_of(found) <= width), tries[-1])
