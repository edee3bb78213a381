"""The letters that choose an ability's option, the keys of a whole order, and the keys that help against a monster."""

from collections.abc import Iterable, Sequence

from rolltrain_tui.protocol.commands import SetAuto, TurnDial, UseAbility
from rolltrain_tui.protocol.dials import Dial
from rolltrain_tui.protocol.sheet import Charge
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.story.hints import Order
from rolltrain_tui.story.phrases import title
from rolltrain_tui.story.scene import Scene

DISMISSAL = "Dismiss"


def letters(titles: Iterable[str]) -> dict[str, str]:
    """Each title -> the first of its letters that chooses nothing else yet."""
    taken: dict[str, str] = {}
    for name in titles:
        taken[name] = next(letter for letter in name.lower() if letter not in taken.values())
    return taken


def by_themselves(scene: Scene) -> list[Charge]:
    """The hero's abilities that may act by themselves, in the order of their numbers there."""
    return [charge for charge in scene.charges.values() if (row := ABILITIES.get(charge.ability)) is None or row.passive]


def keys_of_order(order: Order, scene: Scene) -> str:
    """What to press for it: "1", or the number and the option's letter, "2 c"; "a 1" to let it act by itself; "k" for a dial.

    Empty where the hero has no such ability.
    """
    if isinstance(order, TurnDial):
        return "k"
    names = [charge.ability for charge in by_themselves(scene)] if isinstance(order, SetAuto) else list(scene.charges)
    if order.ability not in names:
        return ""
    if isinstance(order, SetAuto):
        return f"a {names.index(order.ability) + 1}"
    number, row = str(names.index(order.ability) + 1), ABILITIES.get(order.ability)
    if row is None or not row.options:
        return number
    open_now = [option for option in row.options if option.level <= scene.sheet.level]
    found = letters([*(option.title for option in open_now), DISMISSAL])
    name = DISMISSAL if order.option == DISMISS else next((o.title for o in open_now if o.name == order.option), "")
    return f"{number} {found[name]}" if name in found else number


def dial_title(order: TurnDial, dials: Sequence[Dial]) -> str:
    """What the dial is called; its name where it is none of these."""
    return next((dial.title for dial in dials if dial.name == order.dial), order.dial)


def words_of_order(order: Order, dials: Sequence[Dial] = ()) -> str:
    """The order in a few words: "Calm", "Rage", "dismiss Calm", "Second Wind by itself", "Discount 0.9". `dials`: those of the run."""
    if isinstance(order, TurnDial):
        return f"{dial_title(order, dials)} {order.value}".rstrip()
    if isinstance(order, SetAuto):
        return f"{title(order.ability)} by itself"
    if order.option == DISMISS:
        return f"dismiss {title(order.ability)}"
    return title(order.option) if order.option else title(order.ability)


def weakness(weak_to: str, scene: Scene, *, keys: bool = True) -> str:
    """What it is weak to: this hero's keys first, then the rest in general. `keys`: the run is the player's, who can press them.

    What is in force already is told as that. What has no charge left is left out. Without keys, all that this hero has against it.
    """
    general = weak_to.partition(":")[0]
    named = [
        UseAbility(name, option.name if option is not None else "")
        for name in scene.charges
        if (row := ABILITIES.get(name)) is not None
        for option in (row.options or (None,))
        if (option.title if option is not None else row.title) in weak_to and (option is None or option.level <= scene.sheet.level)
    ]
    named.sort(key=lambda order: weak_to.index(words_of_order(order)))
    if not keys:
        return f"weak to {general}" + (f": {', '.join(map(words_of_order, named))}" if named else "")
    at_work = [order for order in named if (view := scene.active.get(order.ability)) is not None and view.option == order.option]
    busy = {order.ability for order in at_work}
    open_now = [order for order in named if order.ability not in busy and scene.charges[order.ability].left != 0]
    if open_now:
        own = ", ".join(f"{keys_of_order(order, scene)} {words_of_order(order)}" for order in open_now)
        return f"press {own}: it is weak to {general}"
    if at_work:
        return f"{' and '.join(map(words_of_order, at_work))} in force: it is weak to {general}"
    return f"weak to {general}"
