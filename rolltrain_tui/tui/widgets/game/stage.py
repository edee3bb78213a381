"""The stage: what matters of a turn, large enough for the last row. It takes the place of the small panels in presenter mode."""

import math

from rolltrain_tui.base.grammar import counted, fixed
from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.story.phrases import plus_minus
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.views import MonsterView
from rolltrain_tui.tui.drawing.big import ROWS, big
from rolltrain_tui.tui.widgets.game.die import TONES, WORDS, measured
from rolltrain_tui.tui.widgets.game.hero import hero_title
from rolltrain_tui.tui.widgets.game.proof import proof_lines
from rolltrain_tui.tui.widgets.game.voice import voice_lines
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, bar, cut, paragraph
from rolltrain_tui.tui.wording.titles import titled

TALL_FROM = 14
"""Rows from which the numbers stand below each other."""
SPEECH = 4
"""Rows that must be left for what the model says."""


class StagePanel(ScenePanel):
    def show_scene(self, scene: Scene) -> None:
        self.show(stage_lines(scene, self.content_size.width, self.content_size.height))


def stage_lines(scene: Scene, width: int, height: int) -> list[Line]:
    """The die and the last evaluation in large digits, then hero, foe, what is in force and what was proved."""
    if height < TALL_FROM:
        half = width // 2
        figures = [_padded(left, half) + list(right) for left, right in zip(_die(scene), _value(scene), strict=True)]
        return [*figures, *_brief(scene, width)][:height]
    lines: list[Line] = [*_die(scene), [], *_value(scene), [], *_words(scene, width)]
    if height - len(lines) >= SPEECH and scene.spoke is not None:
        lines += [[], [(f"It says, turn {scene.spoke.turn}", "strong")], *voice_lines(scene, width, height - len(lines) - 2)]
    return lines[:height]


def _die(scene: Scene) -> list[Line]:
    """Rows of the roll: its name, and the digits with the outcome beside them."""
    roll = scene.roll
    if roll is None:
        return _figure("The die", [], "", "muted", "no roll yet")
    return _figure(f"The die: {roll.total} against {roll.dc}", measured(scene), str(roll.total), TONES[roll.outcome], WORDS[roll.outcome])


def _value(scene: Scene) -> list[Line]:
    found, objective = scene.evaluation, scene.objective
    if found is None:
        return _figure(objective.title, [], "", "muted", "not yet")
    better = f"{'▼' if objective.better == 'lower' else '▲'} best so far" if found.improved else f"best {fixed(found.best)}"
    digits = fixed(found.value) if math.isfinite(found.value) else ""
    name = f"{objective.title}, turn {found.turn}"
    return _figure(name, [(plus_minus(found.standard_error, sign="± "), "muted")], digits, "accent", better if digits else "✖ no number")


def _figure(name: str, below: Line, digits: str, tone: str, word: str) -> list[Line]:
    art = big(digits)
    beside: list[Line] = [[], [(word, f"{tone}+strong" if "strong" not in tone else tone)], list(below)]
    rows: list[Line] = [[(name, "strong")]]
    return rows + [[(art[row], tone), ("  " if digits else "", ""), *beside[row]] for row in range(ROWS)]


def _words(scene: Scene, width: int) -> list[Line]:
    """Hero, foe, what is in force, what was proved: line by line."""
    hero = scene.sheet
    lines: list[Line] = [
        [(cut(hero_title(scene), width), "strong")],
        [("HP ", "muted"), *bar(hero.hp, hero.max_hp, max(8, width // 3), "good"), (f" {hero.hp}/{hero.max_hp}", "")],
    ]
    if scene.monster is not None:
        lines.append([(cut(_foe(scene.monster), width), "bad+strong")])
        lines += paragraph(clean(scene.monster.why), width)
    lines += [[(cut(f"In force: {words}", width), "warn+strong")] for words in _in_force(scene)]
    if proof := _proof(scene):
        lines += [[], *_wrapped(proof, width)]
    return lines


def _proof(scene: Scene) -> list[Line]:
    """What the last ability asked and what was felt, and how its twin stands. What levers measured is left to the usual screen."""
    lines = proof_lines(scene, height=9)
    if scene.proof is None:
        return lines[:1] if scene.twin is not None else []
    return lines[: 2 if scene.twin is not None else 1]


def _brief(scene: Scene, width: int) -> list[Line]:
    """The same in two lines: who is here and what is in force, then what was proved."""
    who: list[tuple[str, ...]] = [(f"HP {scene.sheet.hp}/{scene.sheet.max_hp}   ", "strong")]
    who += [(f"{words}   ", "warn+strong") for words in _in_force(scene)]
    if scene.monster is not None:
        who.append((f"{_foe(scene.monster)}   ", "bad+strong"))
    who.append((hero_title(scene), "muted"))
    proof, here, twin = _proof(scene), scene.proof, scene.twin
    unnamed = here is not None and twin is not None and (here.ability, here.since) == (twin.ability, twin.since)
    name: list[tuple[str, ...]] = [(f"{titled(twin.ability)}: ", "strong")] if unnamed and twin is not None else []
    return [who, *([*name, *line] for line in proof[-1:])]


def _foe(foe: MonsterView) -> str:
    return f"Foe: {titled(foe.name)}, {foe.hp}/{foe.max_hp} HP"


def _in_force(scene: Scene) -> list[str]:
    """Each ability in force, and how long."""
    found = []
    for name, view in scene.active.items():
        left = scene.turns_left(name)
        rest = "until it is ended" if left is None else counted(left, "more turn")
        found.append(f"{titled(name, view.option)}, {rest}")
    return found


def _wrapped(lines: list[Line], width: int) -> list[Line]:
    """Each line broken where it is too long; then it is of one tone."""
    rows: list[Line] = []
    for line in lines:
        text = "".join(span[0] for span in line)
        rows += [line] if len(text) <= width else paragraph(text, width, line[-1][1])
    return rows


def _padded(line: Line, width: int) -> list[tuple[str, ...]]:
    used = sum(len(span[0]) for span in line)
    return [*line, (" " * max(1, width - used), "")]
