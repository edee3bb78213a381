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


LESSONS = (
    Lesson(
        "tutorial",
        5,
        "Does a step half as large again train better?",
        (("tutorial", "--presenter", "--hide", "verdict,ghost", "--set", "evaluation.every=60"),),
    ),
    Lesson(
        "placebo",
        20,
        "Does twice the loss make twice the step?",
        (
            ("placebo", "--presenter", "--hide", "ghost", "--set", "evaluation.every=100"),
            ("placebo", "--presenter", "--hide", "ghost", "--set", "evaluation.every=100", "--set", "dice.hook=update"),
        ),
    ),
    Lesson(
        "diagnosis",
        20,
        "When does a larger step help, and when does it hurt?",
        (
            ("frozen_north", "--presenter", "--hide", "verdict,diagnosis,ghost", "--set", "evaluation.every=50"),
            (
                "hot_forge",
                "--presenter",
                "--hide",
                "verdict,diagnosis,ghost",
                "--set",
                "evaluation.every=50",
                "--set",
                "hero.hero_class=barbarian",
            ),
        ),
    ),
    Lesson(
        "overfit",
        50,
        "When should training stop?",
        (("overfit_manor", "--presenter", "--hide", "diagnosis,verdict,ghost,floor", "--set", "evaluation.every=50"),),
    ),
    Lesson(
        "duel",
        20,
        "Can a player who is told no strategy beat the old master's?",
        (("duel_first", "--presenter", "--hide", "ghost"),),
    ),
    Lesson(
        "dungeon",
        20,
        "What does a model learn that is only told when it has done well?",
        (("dungeon_first", "--presenter", "--hide", "ghost", "--set", "evaluation.every=120"),),
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
    raise ValueError(f"There is no lesson {name[:40]!a}: {hint}")
