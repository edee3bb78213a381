"""A vote by typed lines: the options, then the hands for each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.classroom.ballot import Ballot
from rolltrain_tui.classroom.questions import Question, next_evaluation, orders_of, outcome_of, which_ability
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.typed_commands import TakeVote

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig


def take_vote(wish: TakeVote, scene: Scene, config: "CampaignConfig") -> tuple[str, Sequence[Command]]:
    """The answer to whoever typed it, and what the room orders."""
    question = _question(wish, scene, config)
    if isinstance(question, str):
        return f"There is nothing to vote on. {flat(question)}", ()
    options = question.options
    if not wish.hands:
        listed = "; ".join(f"{place} {option.title}" for place, option in enumerate(options, 1))
        example = " ".join("0" for _ in options)
        prefix = "vote prediction" if wish.about == "prediction" else "vote"
        return flat(f"{question.text} {listed}. Type the hands for each in order: `{prefix} {example}`."), ()
    if len(wish.hands) != len(options):
        return f"There are {len(options)} options, and {counted(len(wish.hands), 'number')}; `vote` lists the options.", ()
    ballot = Ballot()
    number = ballot.open_round(question.text, options).number
    for place, hands in enumerate(wish.hands):
        ballot.count_hands(number, place, hands)
    tally = ballot.close()
    return flat(outcome_of(tally)), orders_of(tally)


def _question(wish: TakeVote, scene: Scene, config: "CampaignConfig") -> Question | str:
    if not scene.campaign:
        return "The campaign has not begun yet."
    if wish.about == "ability":
        return which_ability(scene)
    return next_evaluation(scene, config.evaluation.every) if config.adventure.predictions else "This campaign has no predictions."
