"""The words of the built-in worlds: a closed list for a model that reads and writes them."""

import re

from rolltrain_tui.modes.dungeon.worlds.themes import COLOURS, DIRECTIONS, THEMES

_SENTENCES = """
You are in the. Exits: none. (visited) A locked leads. You see a, an. The is closed. The holds and. The is empty. The is here.
You carry nothing. The is cooked. You go. You look around. You take. You drop. You unlock. You open. You cook. You eat. You have won.
Find the and take it. Find the, cook it at the and eat it.
"""


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return re.findall(r"[a-z]+", text.lower())


def vocabulary(*themes: str) -> tuple[str, ...]:
    """Every word that a world of these themes says or accepts, sorted; of all themes where none is named. Refusals are not in it."""
    found = {*words(_SENTENCES), *DIRECTIONS, *COLOURS}
    for name in themes or tuple(THEMES):
        theme = THEMES[name]
        found |= {*theme.rooms, *theme.boxes, *theme.foods, *theme.clutter, theme.door, theme.key, theme.coin, theme.chest, theme.stove}
    return tuple(sorted(found))
