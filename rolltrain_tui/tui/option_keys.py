"""The letters that choose an ability's option, the keys of a whole order, and the keys that help against a monster."""

from collections.abc import Iterable

from rolltrain_tui.protocol.commands import TurnDial, UseAbility
from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.ability import DISMISS
from rolltrain_tui.story.narration import title
from rolltrain_tui.story.scene import Scene

DISMISSAL = "Dismiss"


def letters(titles: Iterable[str]) -> dict[str, str]:
    """Each title -> the first of its letters that chooses nothing else yet."""
    taken: dict[str, str] = {}
    for name in titles:
        taken[name] = next(letter for letter in name.lower() if letter not in taken.values())
    return taken


def keys_of_order(order: UseAbility | TurnDial, scene: Scene) -> str:
    """What to press for it: "1", or the number and the option's letter, "2 c"; "k" for a dial. Empty where the hero has no such ability."""
    if isinstance(order, TurnDial):
        return "k"
    names = list(scene.charges)
    if order.ability not in names:
        return ""
    number, row = str(names.index(order.ability) + 1), ABILITIES.get(order.ability)
    if row is None or not row.options:
        return number
    open_now = [option for option in row.options if option.level <= scene.sheet.level]
    found = letters([*(option.title for option in open_now), DISMISSAL])
    name = DISMISSAL if order.option == DISMISS else next((o.title for o in open_now if o.name == order.option), "")
    return f"{number} {found[name]}" if name in found else number


def words_of_order(order: UseAbility | TurnDial) -> str:
    """The order in a few words: "Calm", "Rage", "dismiss Calm", "gamma 0.9"."""
    if isinstance(order, TurnDial):
        return f"{order.dial} {order.value}".rstrip()
    if order.option == DISMISS:
        return f"dismiss {title(order.ability)}"
    return title(order.option) if order.option else title(order.ability)


def weakness(weak_to: str, scene: Scene) -> str:
    """What it is weak to: this hero's keys first, then the rest in general."""
    orders = [
        UseAbility(name, option.name if option is not None else "")
        for name in scene.charges
        if (row := ABILITIES.get(name)) is not None
        for option in (row.options or (None,))
        if (option.title if option is not None else row.title) in weak_to and (option is None or option.level <= scene.sheet.level)
    ]
    general = weak_to.partition(":")[0]
    own = ", ".join(f"{keys_of_order(order, scene)} {words_of_order(order)}" for order in orders)
    return f"press {own}: it is weak to {general}" if own else f"weak to {general}"
