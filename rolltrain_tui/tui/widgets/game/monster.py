"""Who stands in the way, why it came, and what it is weak to."""

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.option_keys import weakness
from rolltrain_tui.tui.widgets.game.die import TONES, WORDS
from rolltrain_tui.tui.widgets.game.hero import gauge, of_most
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, bar, paragraph
from rolltrain_tui.tui.widgets.training.vitals import sick_line
from rolltrain_tui.tui.wording.titles import titled

ROAD = (
    r"          .         *         ",
    r"   *        /\        .       ",
    r"      /\   /  \  /\      *    ",
    r"  .  /  \ /    \/  \   /\     ",
    r"____/____V_____/____\_/__\____",
)


class MonsterPanel(ScenePanel):
    keys = True
    """Whether it names keys that act on the run. In a replay none does."""

    def show_scene(self, scene: Scene) -> None:
        foe = scene.monster
        self.name_box("No foe near" if foe is None else f"{titled(foe.name)} · CR {clean(foe.challenge)}")
        self.show(monster_lines(scene, self.content_size.width, self.content_size.height, keys=self.keys))


def monster_lines(scene: Scene, width: int, height: int, *, keys: bool = True) -> list[Line]:
    """Health first, then why it is here; the portrait takes what room is left. What ails the run stands below, foe or none."""
    if sick := sick_line(scene.sick, width, scene.objective):
        lines = _foe_lines(scene, width, height - 1, keys)
        return [*lines, *([[]] if len(lines) + 1 < height else []), sick][-height:]
    return _foe_lines(scene, width, height, keys)


def _foe_lines(scene: Scene, width: int, height: int, keys: bool) -> list[Line]:
    foe = scene.monster
    if foe is None:
        return _quiet(scene, width, height)[:height]
    row = BESTIARY.get(foe.name)
    words: list[Line] = [gauge("HP", foe.hp, foe.max_hp, of_most(foe.hp, foe.max_hp), width, "hp")]
    words += paragraph(clean(foe.why), width)
    if row is not None and "diagnosis" not in scene.hidden:
        words += paragraph(weakness(row.weak_to, scene, keys=keys), width, "cool")
    if foe.last_act:
        words += paragraph(clean(foe.last_act), width, "warn")
    portrait = list(row.portrait) if row is not None else []
    if len(portrait) + len(words) > height:
        return words[:height]
    indent = " " * max(0, (width - max((len(line) for line in portrait), default=0)) // 2)
    lines: list[Line] = [[(indent + line, "primary")] for line in portrait]
    if len(lines) + len(words) < height:
        lines.append([])
    return [*lines, *words]


def quiet_words(scene: Scene) -> str:
    return f"The road is quiet. The last foe {clean(scene.last_foe)}." if scene.last_foe else "The road is quiet."


def _quiet(scene: Scene, width: int, height: int) -> list[Line]:
    """Between encounters: the road, and what the dice have said so far."""
    lines = paragraph(quiet_words(scene), width, "muted")
    rolls = sum(scene.outcomes.values())
    if rolls and len(lines) + 5 <= height:
        lines += [[], *_tally(scene, rolls, width)]
    if len(lines) + len(ROAD) + 1 <= height:
        indent = " " * max(0, (width - len(ROAD[-1])) // 2)
        lines = [*([(indent + line, "faint")] for line in ROAD), [], *lines]
    return lines


def _tally(scene: Scene, rolls: int, width: int) -> list[Line]:
    return [
        [
            (f"{WORDS[outcome]:<7}", TONES[outcome]),
            *bar(number, rolls, max(4, width - 20), TONES[outcome].split("+")[0]),
            (f"{number:>7} {number / rolls:>4.0%}", "muted"),
        ]
        for outcome, number in reversed(scene.outcomes.items())
    ]
