"""The lessons: what each asks, how long it takes, how it is begun. Their pages are in the codex."""

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson for a room."""

    name: str
    minutes: int
    question: str
    """What the class is to find out."""
    begins: tuple[tuple[str, ...], ...]
    """The words after `rolltrain play`, for each run of the lesson in order."""

    @property
    def page(self) -> str:
        """Its page of the codex."""
        return f"lesson_{self.name}"


CALM = ("--presenter", "--no-cards", "--set", "encounters.chance=0", "--set", "acts=[]")
"""Nothing comes by chance, no card lies in the way, and no act tells the answer: every class sees what the page says."""
ALONE = (*CALM, "--set", "diagnosis.scouts=off")
"""Nor do scouts go out, for whom a room would wait."""

WIZARD, BARBARIAN, CLERIC = (("--set", f"hero.hero_class={name}") for name in ("wizard", "barbarian", "cleric"))
"""Named, so that the game does not ask for a hero."""

LESSONS = (
    Lesson(
        "tutorial",
        5,
        "Does a step half as large again train better?",
        (("tutorial", *ALONE, "--hide", "verdict,ghost", "--set", "evaluation.every=60", "--set", "hero.auto=[]"),),
    ),
    Lesson(
        "placebo",
        20,
        "Does twice the loss make twice the step?",
        (
            ("placebo", *ALONE, *WIZARD, "--hide", "ghost", "--set", "evaluation.every=100"),
            ("placebo", *ALONE, *WIZARD, "--hide", "ghost", "--set", "evaluation.every=100", "--set", "dice.hook=update"),
        ),
    ),
    Lesson(
        "diagnosis",
        20,
        "When do larger steps help?",
        (
            ("frozen_north", *CALM, *BARBARIAN, "--hide", "all", "--set", "evaluation.every=50"),
            ("hot_forge", *CALM, *BARBARIAN, "--hide", "all", "--set", "evaluation.every=50"),
        ),
    ),
    Lesson(
        "overfit",
        50,
        "When should training stop?",
        (("overfit_manor", *ALONE, *CLERIC, "--hide", "diagnosis,ghost", "--set", "evaluation.every=50"),),
    ),
    Lesson(
        "duel",
        20,
        "Can a player who is told no strategy beat the old master's?",
        (("duel_first", *CALM, *BARBARIAN, "--hide", "ghost", "--set", "evaluation.every=1000"),),
    ),
    Lesson(
        "dungeon",
        20,
        "What does a model learn that is only told when it has done well?",
        (("dungeon_first", *CALM, *BARBARIAN, "--hide", "ghost", "--set", "evaluation.every=120"),),
    ),
)
"""In the order in which a course would hold them."""


def lesson(name: str) -> Lesson:
    """The lesson of this name. ValueError names the nearest."""
    known = {row.name: row for row in LESSONS}
    wanted = name.strip().casefold()
    if wanted in known:
        return known[wanted]
    near = get_close_matches(wanted[:80], known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
    raise ValueError(f"There is no lesson {name[:40]!r}: {hint}")
