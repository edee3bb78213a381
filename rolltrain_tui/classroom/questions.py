"""What a room may be asked about the run under way: which ability to use, and what the next evaluation will be."""

from dataclasses import dataclass

from rolltrain_tui.base.grammar import counted, fixed
from rolltrain_tui.classroom.ballot import MOST_OPTIONS, Option, Tally
from rolltrain_tui.protocol.commands import Command, Guess, Predict, ReportVote, UseAbility
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.rules.hero.inspiration import bounds
from rolltrain_tui.story.phrases import title
from rolltrain_tui.story.scene import Scene


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what can be answered."""

    text: str
    options: tuple[Option, ...]


def which_ability(scene: Scene) -> Question | str:
    """The abilities that the hero could use at the next turn, or none of them; else why there is nothing to vote on."""
    if scene.finished:
        return "The run is over."
    if scene.sheet.hp <= 0:
        return f"{scene.sheet.name} is down and can use no abilities."
    options = [option for ability in scene.charges for option in _uses(scene, ability)][: MOST_OPTIONS - 1]
    if not options:
        return "No ability can be used now: all are in force or used up."
    return Question("Which ability at the next turn?", (*options, Option("No ability", "The turn is left to the dice.")))


def _uses(scene: Scene, ability: str) -> list[Option]:
    """The ways to use an ability now; of one that is held, its end."""
    row, charge, view = ABILITIES.get(ability), scene.charges[ability], scene.active.get(ability)
    name = title(ability)
    held = view is not None and view.until is None
    ending = [Option(f"End {name}", "It no longer acts.", UseAbility(ability, DISMISS))] if held else []
    if charge.left == 0 or (view is not None and not (row is not None and row.options)):
        return ending
    about = row.summary if row is not None else ""
    if row is None or not row.options:
        return [Option(name, about, UseAbility(ability))]
    open_now = [option for option in row.options if option.level <= scene.sheet.level and (view is None or view.option != option.name)]
    return [*(Option(f"{name}: {o.title}", o.summary, UseAbility(ability, o.name)) for o in open_now), *ending]


def next_evaluation(scene: Scene, every: int) -> Question | str:
    """Lower, level or higher at the next evaluation, as the game's own prediction has it; else why it cannot be predicted.

    `every`: turns between evaluations.
    """
    last_two = scene.history.last_two
    if scene.finished:
        return "The run is over."
    if scene.foretold is not None:
        return f"Predicted already: {scene.foretold.guess}."
    if len(last_two) < 2:
        return "The next evaluation cannot be predicted yet: two must have been."
    (_, before), (turn, last) = last_two
    low, high = bounds(before, last)
    due = (scene.turn // every + 1) * every
    due = due if scene.turns is None else min(due, scene.turns)
    ranges: dict[Guess, tuple[str, str]] = {
        "lower": (f"Lower than {fixed(low)}", "It falls by more than three quarters of its last change."),
        "level": (f"Level, {fixed(low)} to {fixed(high)}", "It stays about where it is."),
        "higher": (f"Higher than {fixed(high)}", "It rises by more than three quarters of its last change."),
    }
    options = tuple(Option(words, about, Predict(guess)) for guess, (words, about) in ranges.items())
    return Question(f"The {scene.objective.name} was {fixed(last)} after turn {turn}. And after turn {due}?", options)


def orders_of(tally: Tally) -> tuple[Command, ...]:
    """What a closed vote asks of the run: the report of it, then the winner's order. Nothing where nobody voted."""
    winner = tally.winner
    if winner is None:
        return ()
    votes = tuple((option.title, count) for option, count in zip(tally.round.options, tally.votes, strict=True))
    report = ReportVote(tally.round.question, votes, winner.title)
    return (report,) if winner.order is None else (report, winner.order)


def outcome_of(tally: Tally) -> str:
    """A closed vote in a sentence."""
    if tally.winner is None:
        return "Nobody voted: nothing happens."
    won = max(tally.votes)
    tie = " (a tie: the higher in the list wins)" if tally.tied else ""
    return f"The room chose {tally.winner.title}, with {won} of {counted(tally.total, 'vote')}{tie}."
