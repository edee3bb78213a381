"""The diagnosis and the hint in sentences, for a game without a screen."""

from dataclasses import replace

from rolltrain_tui.base.grammar import minus
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.protocol.commands import SetAuto, TurnDial
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.story.hints import YOUNG, hint_of, too_young
from rolltrain_tui.story.narration import UNLEARNT, tell
from rolltrain_tui.story.phrases import title
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scouts import scouts_words


def hint_sentence(scene: Scene, *, scouts: bool = True) -> str:
    """What ails the run and what to type: "Hint: type `calm`; the steps are too large." Empty where nothing ails it."""
    hint = hint_of(scene, scouts=scouts)
    if hint is None:
        return YOUNG if scene.scouts is not None and too_young(scene.scouts) else ""
    if hint.order is None:
        return f"Hint: {hint.why}; nothing of this hero's helps now."
    if isinstance(hint.order, TurnDial):
        return f"Hint: type `{f'{hint.order.dial} {hint.order.value}'.rstrip()}`; {hint.why}."
    if isinstance(hint.order, SetAuto):
        return f"Hint: type `auto {title(hint.order.ability).lower()} on`; {hint.why}."
    name = hint.order.option if hint.order.option not in ("", DISMISS) else title(hint.order.ability).lower()
    typed = f"dismiss {name}" if hint.order.option == DISMISS else name
    return f"Hint: type `{typed}`; {hint.why}."


def advice_of(signal: str, scene: Scene) -> str:
    """What a practitioner would do about a sick signal, half a sentence. A gap that nothing has been learnt for is none of learning."""
    advice = SIGNALS[signal].advice
    turn, start = next(iter(scene.history.signals.get("gap", ())), (-1, 0.0))
    sick_then = (replace(reading, value=start).condition == "sick" for reading in scene.sick if reading.signal == "gap")
    if signal != "gap" or turn != 0 or not any(sick_then):
        return advice
    stood = minus(f"{start:.3g}{scene.objective.unit_behind}")
    return f"{stood} of it stood there at turn 0, {UNLEARNT}; about what is beyond that: {advice}"


def diagnosis_sentences(scene: Scene, *, scouts: bool = True) -> list[str]:
    """The verdict of the scouts, each sick signal with what a practitioner would do, and the hint."""
    lines: list[str] = []
    if scene.examined is None and scene.scouts is None:
        lines.append("Nothing has been examined yet: the first examination comes with the next evaluation.")
    if scene.scouts is not None:
        lines.append(f"Turn {scene.scouts.turn}: {tell(scene.scouts)} {scouts_words(scene.scouts, scene.objective)}")
    if scene.examined is not None:
        lines.append(f"Turn {scene.examined.turn}: {tell(scene.examined, scene.objective)}")
        lines += [f"{SIGNALS[r.signal].title}: {advice_of(r.signal, scene)}." for r in scene.sick if r.signal in SIGNALS]
    if hint := hint_sentence(scene, scouts=scouts):
        lines.append(hint)
    return [flat(line) for line in lines]
