"""The hint on screen: what ails the run, and the key of what this hero can do about it now."""

from collections.abc import Sequence

from rolltrain_tui.base.grammar import capital
from rolltrain_tui.protocol.commands import SetAuto, TurnDial
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.story.hints import Hint, hint_of
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.option_keys import keys_of_order, words_of_order
from rolltrain_tui.tui.widgets.panel import Line, Span, cut, cut_line, width_of

NOTHING = "nothing of yours helps now"
SCOUTS_OUT = "Scouts are out: copies of the run try smaller and larger steps …"


def hint_line(scene: Scene, width: int, *, scouts: bool = True, keys: bool = True, dials: Sequence[Dial] = ()) -> Line:
    """One line: "▸ 2 c Calm: the steps are too large". Nothing where nothing ails the run. `scouts`: the campaign sends some.

    `keys`: the run is the player's. In a replay no key acts on it: "▸ Calm helps: the steps are too large".
    `dials`: those of the run.
    """
    if scene.scouting:
        return [(cut(SCOUTS_OUT, width), "cool")]
    hint = hint_of(scene, scouts=scouts)
    if hint is None:
        return []
    line = press(hint, scene, keys=keys, dials=dials)
    tail: list[Span] = [(" · ", "muted"), ("d", "key", "screen.diagnose"), (" tells more", "muted")]
    return [*line, *tail] if width_of(line) + width_of(tail) <= width else line if width_of(line) <= width else cut_line(line, width)


def press(hint: Hint, scene: Scene, *, keys: bool = True, dials: Sequence[Dial] = ()) -> Line:
    """The key, what it does and why: "▸ 1 Rage: the steps are too small"."""
    if hint.order is None:
        return [("▸ ", "accent"), (f"{capital(hint.why)}; {NOTHING}" if keys else capital(hint.why), "")]
    words = capital(words_of_order(hint.order, dials))
    if not keys:
        return [("▸ ", "accent"), (words, "strong"), (f" helps: {hint.why}", "")]
    match hint.order:
        case TurnDial(dial, value):
            action = f"screen.turn_dial({dial!r}, {value!r})"
        case SetAuto():
            action = "screen.auto"
        case _:
            action = f"screen.use({hint.number})"
    return [
        ("▸ ", "accent"),
        (f" {keys_of_order(hint.order, scene)} ", "key", action),
        (f" {words}", "strong", action),
        (f": {hint.why}", ""),
    ]
