"""What a teacher does with a run: let the room vote, keep things back and reveal them, and show the game to the last row."""

from collections.abc import Callable

from rolltrain_tui.classroom.ballot import Tally
from rolltrain_tui.classroom.questions import Question, next_evaluation, orders_of, outcome_of, which_ability
from rolltrain_tui.protocol.events import Secret
from rolltrain_tui.story.veil import SECRETS
from rolltrain_tui.tui.expedition.deeds import Deeds
from rolltrain_tui.tui.expedition.vote import VoteScreen
from rolltrain_tui.tui.screens.dialogs.choice import Choice, ChoiceDialog
from rolltrain_tui.tui.settings import remember

ABILITY, EVALUATION, ALL = "ability", "evaluation", "all"
EACH_EVALUATION = frozenset({"evaluation"})
"""At what presenter mode pauses."""


class Teaching(Deeds):
    """The orders of a classroom."""

    presenting = False
    """Few large panels."""

    # Votes.

    def action_vote(self) -> None:
        """Let the room vote; where two questions can be asked, ask the teacher which. The run waits."""
        questions = self._questions()
        open_now = {name: question for name, question in questions.items() if isinstance(question, Question)}
        if not open_now:
            self.tell_player(f"There is nothing to vote on. {' '.join(str(why) for why in questions.values())}", "warn")
        elif len(open_now) == 1:
            self.hold_vote(next(iter(open_now.values())))
        else:
            choices = (
                Choice(ABILITY, "Which ability?", "1"),
                Choice(EVALUATION, f"The next {self.scene.objective.short_label}?", "2"),
            )

            def answer(name: str | None) -> None:
                if name is None:
                    return
                if isinstance(question := self._questions()[name], Question):  # as the run stands now: it went on meanwhile
                    self.hold_vote(question)
                else:
                    self.tell_player(f"No vote: {question}", "warn")

            text = "The run waits while the room votes, and plays what won."
            self.app.push_screen(ChoiceDialog("What does the room vote on?", text, choices), answer)

    def _questions(self) -> dict[str, Question | str]:
        """What the room could be asked now; else why not."""
        return {ABILITY: which_ability(self.scene), EVALUATION: self._evaluation_question()}

    def _evaluation_question(self) -> Question | str:
        if self.campaign is None or not self.campaign.adventure.predictions:
            return "This campaign has no predictions."
        return next_evaluation(self.scene, self.campaign.evaluation.every)

    def hold_vote(self, question: Question, then: Callable[[], None] = lambda: None) -> None:
        """Open the vote over the game; `then` is called when it is over."""
        inbox = self.bridge.inbox
        was_paused = inbox.paused
        inbox.pause()

        def closed(tally: Tally | None) -> None:
            if tally is None:
                self.tell_player("The vote was given up: nothing happens.", "warn")
            else:
                inbox.put(*orders_of(tally))
                self.tell_player(f"≡ {outcome_of(tally)}", "accent")
            self._resume_unless(was_paused)
            then()

        self.app.push_screen(VoteScreen(self.game.ballot, question), closed)

    # What is kept back.

    def action_reveal(self) -> None:
        """Show what was kept back; where several things are, ask which."""
        hidden = [secret for secret in SECRETS if secret in self.scene.hidden]
        if not hidden:
            self.tell_player("Nothing is kept back.", "warn")
        elif len(hidden) == 1:
            self.reveal(frozenset(hidden))
        else:
            choices = [Choice(secret, secret.capitalize(), secret[0]) for secret in hidden]
            text = "\n".join(f"{secret.capitalize()}: {SECRETS[secret]}." for secret in hidden)

            def answer(name: str | None) -> None:
                if name:
                    self.reveal(frozenset(secret for secret in hidden if name in (ALL, secret)))

            self.app.push_screen(ChoiceDialog("Reveal what?", text, [*choices, Choice(ALL, "All", "a")]), answer)

    def reveal(self, secrets: frozenset[Secret]) -> None:
        self.bridge.reveal(secrets)
        self.tell_player(f"Revealed: {', '.join(sorted(secrets))}.", "good")

    # The last row.

    def action_present(self) -> None:
        """Presenter mode on or off; it is remembered."""
        self.present(not self.presenting)
        remember("presenter", self.presenting)
        words = "Presenter mode: large, and a pause at each evaluation. m ends it." if self.presenting else "Presenter mode is over."
        self.tell_player(words, "accent")

    def present(self, on: bool) -> None:
        """Few large panels and pauses at evaluations, or the game as it always is."""
        self.presenting = on
        self.bridge.pause_on = self.bridge.pause_on | EACH_EVALUATION if on else self.bridge.pause_on - EACH_EVALUATION
        self.place_panels()

    def place_panels(self) -> None:
        raise NotImplementedError
