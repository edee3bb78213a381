"""The hint: what this hero can do now about what ails the run, as one order and one sentence.

What ails the run comes from the last scouts, who measured it, and from signals that need no comparison: a loss that is no number, and a
gap that opens while validation rises. Where no scouts go out, the other signals have to serve (`signs_of`).

How large the steps are now follows from the best step that scouts found and from the abilities that began or ended since. Of the hero's
abilities the hint takes the one that brings the steps closest to the best.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, log, nan, prod
from typing import Literal

from rolltrain_tui.protocol.commands import SetAuto, TurnDial, UseAbility
from rolltrain_tui.protocol.events import ScoutsReturned
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.rules.health.pace import HOT, SLOW, vouched
from rolltrain_tui.rules.health.signs import beyond, signs_of
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.story.scene import Scene

Ailment = Literal["slow", "hot", "overfit", "lost", "dice", "mode"]
"""lost: the loss is no number. dice: the rulebook takes back most of what it gives. mode: a monster of this kind of training is near."""

WORDS = {
    "slow": "the steps are too small",
    "hot": "the steps are too large",
    "overfit": "the model learns by heart",
    "lost": "the loss is no number",
    "dice": "the dice undo most of what they do",
    "mode": "",
}
YOUNG = "The run is young, and young runs look slow. Send scouts again from turn 100 on, before you push it."
REMEDIES: dict[Ailment, tuple[str, ...]] = {
    "slow": ("slow",),
    "hot": ("hot",),
    "overfit": ("overfit", "hot"),
    "lost": ("overfit", "hot"),
    "dice": (),
    "mode": (),
}
"""What helps against it, best first. A run that overfits was better before; smaller steps help it too."""
Order = UseAbility | SetAuto | TurnDial
WORTH = 0.2
"""An order is hinted at if it brings log(step / best step) closer to 0 by this at least."""
GROWN = 100
"""Turns before signals alone count, and before scouts' SLOW does: young runs look slow, and a push then does lasting harm."""
EVEN_DICE = 0.5
"""Mean k below which dice go to and fro. Scouts take the mean step; a push makes all others larger too, and may ruin the run."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What ails the run, and the order that helps."""

    ailment: Ailment
    order: Order | None
    """None: nothing of this hero's helps now."""
    number: int = 0
    """The ability's number on the screen: its key."""
    words: str = ""
    """What ails the run, where the ailment alone does not say it."""

    @property
    def why(self) -> str:
        """What ails the run, half a sentence."""
        return self.words or WORDS[self.ailment]


def hint_of(scene: Scene, *, scouts: bool = True) -> Hint | None:
    """The hint for the coming turn; None where nothing ails the run, or the hero is down.

    `scouts`: the campaign sends some. Then nothing is said of the size of the steps before they have measured it.
    """
    if scene.finished or scene.sheet.hp <= 0 or "diagnosis" in scene.hidden:
        return None
    ailment = ailment_of(scene, scouts=scouts)
    if ailment != "lost" and (hint := mode_hint(scene)) is not None:
        return hint
    if ailment is None:
        return None
    numbers = {name: number for number, name in enumerate(scene.charges, start=1)}
    orders: Iterator[UseAbility | SetAuto] = _guards(scene) if ailment == "dice" else _orders(scene, ailment)
    order = next(orders, None)
    return Hint(ailment, order, numbers.get(order.ability, 0) if order else 0)


def mode_hint(scene: Scene) -> Hint | None:
    """The dial that helps against the monster that is near; None for monsters that no mode brings.

    Dials that were turned since it came, or that this training refused to turn, are passed over.
    """
    row = BESTIARY.get(scene.monster.name) if scene.monster is not None else None
    if row is None or scene.monster is None:
        return None
    for order in (TurnDial(dial, value) for dial, value in row.orders):
        last = scene.dials.get(order.dial)
        done = last is not None and (last.value == order.value if order.value else last.turn >= scene.monster.since)
        shut = any(refused.command == order and refused.turn >= scene.monster.since for refused in scene.shut)
        if not done and not shut:
            return Hint("mode", order, words=row.ailment)
    return None


def ails(scene: Scene, *, scouts: bool = True) -> bool:
    """Whether anything ails the run that was measured, a hint or none."""
    return ailment_of(scene, scouts=scouts) is not None or mode_hint(scene) is not None


def ailment_of(scene: Scene, *, scouts: bool = True) -> Ailment | None:
    """What ails the run, as far as it was measured."""
    if scene.examined is not None:
        if beyond(scene.examined, "non_finite", "high"):
            return "lost"
        if beyond(scene.examined, "gap", "high") and beyond(scene.examined, "val_rise", "high"):
            return "overfit"
    if next(_guards(scene), None) is not None:
        return "dice"
    if scene.scouts is None:
        if scouts or scene.examined is None or scene.turn < GROWN:
            return None
        signs = signs_of(scene.examined, scene.objective)
        return None if signs == "well" else signs
    wanted = wanted_factor(scene)
    if not isfinite(wanted):  # there is no number where the run's own steps came to nothing, and a verdict if smaller ones did not
        return "hot" if scene.scouts.pace == "hot" else None
    if wanted > SLOW:
        return None if too_young(scene.scouts) else "dice" if scene.sheet.expected_k < EVEN_DICE else "slow"
    return "hot" if wanted < HOT else None


def too_young(found: ScoutsReturned) -> bool:
    """Scouts were out before turn GROWN and call the run slow. That may pass by itself, while the harm of a push would last."""
    return found.pace == "slow" and found.turn < GROWN


def wanted_factor(scene: Scene) -> float:
    """The best step over the step that the run takes now. NaN before scouts have been out."""
    if scene.scouts is None:
        return nan
    scouted = prod(_multiple(ability, option) for ability, option in scene.scouted_with)
    return vouched(scene.scouts.pace, scene.scouts.best) * (scouted / taken_factor(scene))


def taken_factor(scene: Scene) -> float:
    """By how much the abilities in force multiply the step now."""
    return prod(_multiple(view.ability, view.option) for view in scene.active.values())


def _multiple(name: str, option: str) -> float:
    ability = ABILITIES.get(name)
    if ability is None:
        return 1.0
    row = ability.option(option)
    return row.k if row is not None else ability.multiple


# Which orders help


def _guards(scene: Scene) -> Iterator[SetAuto]:
    """Against dice that go to and fro: abilities that soften bad rolls and do not act by themselves yet. The odds need no measurement."""
    if scene.sheet.expected_k < EVEN_DICE:
        for order in (SetAuto(name, True) for name, charge in scene.charges.items() if not charge.auto):
            ability = ABILITIES.get(order.ability)
            if ability is not None and ability.guards and not any(refused.command == order for refused in scene.shut):
                yield order


def _orders(scene: Scene, ailment: Ailment) -> Iterator[UseAbility]:
    """The orders that help, best first."""
    if ailment in ("slow", "hot") and isfinite(wanted := wanted_factor(scene)):
        gains = sorted(((_gain(wanted, factor), order) for order, factor in _steps(scene)), key=lambda found: -found[0])
        yield from (order for gain, order in gains if gain >= WORTH)
    since = max(found.turn for found in (scene.scouts, scene.examined) if found is not None)
    for remedy in REMEDIES[ailment]:
        for order in _open(scene):
            ability = ABILITIES[order.ability]
            row = ability.option(order.option)
            multiple, good_for = (row.k, row.remedy) if row is not None else (ability.multiple, ability.remedy)
            measured = multiple != 1 and isfinite(wanted_factor(scene))
            used = order.ability in scene.active or any(s.ability == order.ability and s.start > since for s in scene.spans)
            if good_for == remedy and not used and not measured:
                yield order


def _steps(scene: Scene) -> Iterator[tuple[UseAbility, float]]:
    """Orders that change the size of the steps, and by which factor from now on."""
    for order in _open(scene):
        if (multiple := _multiple(order.ability, order.option)) != 1:
            held = scene.active.get(order.ability)
            yield order, multiple / (_multiple(held.ability, held.option) if held is not None else 1.0)
    for name, view in scene.active.items():
        if view.until is None and (multiple := _multiple(name, view.option)) != 1:
            yield UseAbility(name, DISMISS), 1 / multiple


def _gain(wanted: float, factor: float) -> float:
    """By how much closer to the best step this factor brings the run, in log."""
    return abs(log(wanted)) - abs(log(wanted / factor))


def _open(scene: Scene) -> Iterator[UseAbility]:
    """Uses of the hero's abilities that would be obeyed now, as far as the scene tells."""
    for name, charge in scene.charges.items():
        ability = ABILITIES.get(name)
        if ability is None or charge.left == 0:
            continue
        options = [option.name for option in ability.options if option.level <= scene.sheet.level] if ability.options else [""]
        view = scene.active.get(name)
        yield from (UseAbility(name, option) for option in options if view is None or view.option != option)
