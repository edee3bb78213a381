"""Who stands in the way, why it came, and what it is weak to."""

from rolltrain_tui.narration import clean
from rolltrain_tui.rules.monsters import BESTIARY
from rolltrain_tui.scene import Scene
from rolltrain_tui.tui.titles import titled
from rolltrain_tui.tui.widgets.hero import gauge
from rolltrain_tui.tui.widgets.panel import Line, Panel, wrap


class MonsterPanel(Panel):
    def show_scene(self, scene: Scene) -> None:
        foe = scene.monster
        self.name_box("No foe near" if foe is None else f"{titled(foe.name)} · CR {foe.challenge}")
        self.show(monster_lines(scene, self.content_size.width, self.content_size.height))


def monster_lines(scene: Scene, width: int, height: int) -> list[Line]:
    """Health first, then why it is here; the portrait takes what room is left."""
    foe = scene.monster
    if foe is None:
        return _quiet(scene, width)[:height]
    row = BESTIARY.get(foe.name)
    words: list[Line] = [gauge("HP", foe.hp, foe.max_hp, width, "hp")]
    words += [[(line, "")] for line in wrap(clean(foe.signal), width)]
    if row is not None:
        words += [[(line, "cool")] for line in wrap(f"weak to {row.weak_to}", width)]
    if foe.last_act:
        words += [[(line, "warn")] for line in wrap(clean(foe.last_act), width)]
    portrait = list(row.portrait) if row is not None else []
    if len(portrait) + len(words) > height:
        return words[:height]
    indent = " " * max(0, (width - max((len(line) for line in portrait), default=0)) // 2)
    lines: list[Line] = [[(indent + line, "primary")] for line in portrait]
    if len(lines) + len(words) < height:
        lines.append([])
    return [*lines, *words]


def _quiet(scene: Scene, width: int) -> list[Line]:
    lines: list[Line] = [[("The road is quiet.", "muted")]]
    if scene.last_foe:
        lines += [[(line, "muted")] for line in wrap(f"The last foe {clean(scene.last_foe)}.", width)]
    return lines
