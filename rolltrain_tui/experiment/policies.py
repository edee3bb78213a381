"""Auto-players. Each sees the scene, as a player's screen does, and answers with commands.

none      presses nothing
auto      lets every passive form trigger by itself, and presses nothing else
random    sometimes uses one of its abilities, each as likely as the others
hinted    presses the key that the screen's hint names, and nothing else
oracle    follows the signals, without scouts: pushes a run that is slow, calms one that is hot, turns back one that overfits
wrong     reads the same diagnosis and does the opposite
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Literal, Protocol

from rolltrain_tui.protocol.commands import Command, SetAuto, TakeShortRest, UseAbility
from rolltrain_tui.protocol.events import Event, Examined
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.health.signs import State, signs_of, temperature
from rolltrain_tui.story.hints import hint_of
from rolltrain_tui.story.scene import Scene

BOUNCING = 0.015
"""Steps of the objective. Above this temperature steps bounce, so a push ends."""
SETTLED, GROWN = 30, 100
"""Turns before a diagnosis counts, and before "slow" counts. Young runs look sick and slow; a push then does lasting harm."""
PATIENCE = 3
"""Examinations in a row that must find a calmed run slow before calming ends."""
NOW_AND_THEN = 1 / 20
"""The chance, per turn, that the random player does something."""

Sick = Literal["slow", "hot", "overfit"]
RIGHT: Mapping[State, tuple[Sick, ...]] = {"slow": ("slow",), "hot": ("hot",), "overfit": ("overfit", "hot"), "well": ()}
"""State of the run -> the remedies for it, best first. A run that overfits was better before; calm steps help it too."""
WRONG: Mapping[State, tuple[Sick, ...]] = {"slow": ("overfit", "hot"), "hot": ("slow",), "overfit": ("slow",), "well": ()}


class Policy(Protocol):
    """An auto-player."""

    def press(self, scene: Scene) -> Sequence[Command]:
        """The commands for the coming turn."""


class Idle:
    """Does nothing."""

    def press(self, scene: Scene) -> Sequence[Command]:
        return ()


class Auto:
    """Sets every ability that has a passive form to trigger by itself, before the first turn."""

    def press(self, scene: Scene) -> Sequence[Command]:
        return [SetAuto(name, True) for name in own(scene) if ABILITIES[name].passive] if scene.turn == 0 else ()


class RandomPolicy:
    """Sometimes gives an order that would be obeyed, each as likely as the others. It may dismiss what is in force."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"whim {seed}")  # a stream of its own: the run's dice never notice

    def press(self, scene: Scene) -> Sequence[Command]:
        if self._random.random() >= NOW_AND_THEN:
            return ()
        orders: list[Command] = [*open_orders(scene), *dismissals(scene), *rest(scene)]
        return [self._random.choice(orders)] if orders else ()


class Hinted:
    """Gives the order of the hint, whenever there is one."""

    def press(self, scene: Scene) -> Sequence[Command]:
        hint = hint_of(scene)
        return (hint.order,) if hint is not None and hint.order is not None else ()


class DiagnosisPolicy:
    """After each examination it uses the remedies for the state of the run, as many as one turn allows."""

    def __init__(self, treatment: Mapping[State, Sequence[Sick]]) -> None:
        self._treatment = treatment
        self._read: Examined | None = None
        self._burnt = False
        """The run was hot once. A calmed run looks slow, and a push would make it hot again; so calming ends only when it stays slow."""
        self._slow = 0
        """Examinations in a row that found it slow."""
        self._pushed = False
        """The last remedies were for a slow run."""

    def press(self, scene: Scene) -> Sequence[Command]:
        if scene.examined is None or scene.examined is self._read:
            return ()
        self._read = scene.examined
        state = signs_of(scene.examined, scene.objective)
        if scene.examined.turn < (GROWN if state == "slow" else SETTLED):
            state = "well"
        self._burnt = self._burnt or state == "hot"
        self._slow = self._slow + 1 if state == "slow" else 0
        if state == "slow" and self._burnt:
            return dismissals(scene) if self._slow >= PATIENCE else ()
        if state == "well":  # perhaps thanks to what is held: so only a push ends, once steps bounce
            return dismissals(scene) if self._pushed and temperature(scene.examined, scene.objective) > BOUNCING else ()
        self._pushed = state == "slow"
        prescribed = [order for remedy in self._treatment[state] for name in own(scene) for order in remedies(name, remedy)]
        return [*_put_down(scene, prescribed), *rest(scene), *_in_one_turn(open_orders(scene), prescribed, _held(scene, prescribed))]


def own(scene: Scene) -> tuple[str, ...]:
    """The abilities of the hero on screen."""
    return CLASSES[scene.sheet.hero_class].abilities if scene.sheet.hero_class else ()


def remedies(name: str, state: Sick) -> list[UseAbility]:
    """The uses of an ability that are good for this state; of its options the one of the highest level first."""
    ability = ABILITIES[name]
    if not ability.options:
        return [UseAbility(name)] if ability.remedy == state else []
    options = sorted(ability.options, key=lambda option: -option.level)
    return [UseAbility(name, option.name) for option in options if option.remedy == state]


def open_orders(scene: Scene) -> list[UseAbility]:
    """Uses that would be obeyed now, as far as the scene tells: charge and level suffice, and it is not in force already."""
    if scene.sheet.hp <= 0:
        return []
    return [
        order for name in own(scene) for order in _uses(name, scene.sheet.level) if _has_charge(scene, name) and not _holds(scene, order)
    ]


def _uses(name: str, level: int) -> list[UseAbility]:
    options = ABILITIES[name].options
    return [UseAbility(name, option.name) for option in options if option.level <= level] if options else [UseAbility(name)]


def _has_charge(scene: Scene, name: str) -> bool:
    return name in scene.charges and scene.charges[name].left != 0


def _holds(scene: Scene, order: UseAbility) -> bool:
    view = scene.active.get(order.ability)
    return view is not None and view.option == order.option


def dismissals(scene: Scene) -> list[UseAbility]:
    """Orders that dismiss what is in force without an end."""
    return [UseAbility(name, DISMISS) for name, view in scene.active.items() if view.until is None]


def rest(scene: Scene) -> list[TakeShortRest]:
    """A short rest where it brings charges back. The rules may refuse it as too soon or too often."""
    spent = any(charge.left == 0 and charge.recharge == "short" for charge in scene.charges.values())
    return [TakeShortRest()] if spent and scene.sheet.hp > 0 else []


def _put_down(scene: Scene, prescribed: Sequence[UseAbility]) -> list[UseAbility]:
    """Dismiss what is in force and not prescribed. A new option of the same ability ends the old one by itself."""
    wanted = {order.ability for order in prescribed}
    return [order for order in dismissals(scene) if order.ability not in wanted]


def _held(scene: Scene, prescribed: Sequence[UseAbility]) -> list[UseAbility]:
    """For each prescribed ability, its first option where that is in force already."""
    first = {order.ability: order for order in reversed(prescribed)}
    return [order for order in first.values() if _holds(scene, order)]


def _in_one_turn(ready: Sequence[UseAbility], prescribed: Sequence[UseAbility], held: Sequence[UseAbility]) -> list[UseAbility]:
    """The prescribed orders, best first, that one action and one bonus action allow; each ability at most once."""
    taken: list[UseAbility] = []
    spent: set[str] = set()
    settled = {order.ability for order in held}
    for order in prescribed:
        cost = ABILITIES[order.ability].cost
        if order.ability not in settled and order in ready and cost not in spent and all(order.ability != other.ability for other in taken):
            taken.append(order)
            spent |= {cost} - {"free"}
    return taken


POLICIES: Mapping[str, Callable[[int], Policy]] = {
    "none": lambda seed: Idle(),
    "auto": lambda seed: Auto(),
    "random": RandomPolicy,
    "hinted": lambda seed: Hinted(),
    "oracle": lambda seed: DiagnosisPolicy(RIGHT),
    "wrong": lambda seed: DiagnosisPolicy(WRONG),
}
"""Name -> how it is made for a seed."""
READS_EXAMINATIONS = frozenset({"oracle", "wrong"})


class PlayedInbox(Inbox):
    """An inbox with an auto-player, which sees every event and gives commands before every turn."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._policy, self._scene = policy, Scene()

    def see(self, event: Event) -> None:
        self._scene.apply(event)

    def drain(self, turn: int) -> list[Command]:
        return [*self._policy.press(self._scene), *super().drain(turn)]
