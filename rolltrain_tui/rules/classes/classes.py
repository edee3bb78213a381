"""The hero classes. The rows are in the file of each class, beside its abilities."""

from rolltrain_tui.base.registry import Registry
from rolltrain_tui.rules.classes.abilities import ABILITIES, CLASS_FILES
from rolltrain_tui.rules.hero.hero_class import STATS, HeroClass, Stat
from rolltrain_tui.rules.plugin_checks import check_portrait, check_row, one_of, require, whole_number

__all__ = ["CLASSES", "STATS", "HeroClass", "Stat"]


def check_class(name: str, row: object) -> HeroClass:
    """The row, if a plug-in may add it under this name. RowError says why not."""
    calling = check_row(HeroClass, name, row)
    whole_number(calling, hit_die=2)
    one_of(calling, primary=STATS)
    require(set(calling.saves) <= set(STATS) and len(set(calling.saves)) == 2, f"its saves must be two of {', '.join(STATS)}")
    check_portrait(calling.portrait)
    require(len(calling.abilities) == 2, "it must have two abilities")
    for ability in calling.abilities:
        require(ability in ABILITIES, f"its ability {ability!a} is not there")
        require(ABILITIES[ability].hero_class == name, f"its ability {ability!a} belongs to the {ABILITIES[ability].hero_class}")
    return calling


CLASSES = Registry("rolltrain.classes", [file.CLASS for file in CLASS_FILES], kind="class", check=check_class)
