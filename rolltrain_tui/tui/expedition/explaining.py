"""What waits to be explained: cards one after the other while the run stands still, then the choice that a level brought."""

from collections import deque
from collections.abc import Sequence

from rolltrain_tui.classroom.questions import which_ability
from rolltrain_tui.protocol.events import ActBegan, Evaluated, Event, GateFaced, Rested
from rolltrain_tui.tui.expedition.cards import GO_ON, PAUSE, SKIP, Card
from rolltrain_tui.tui.expedition.teaching import Teaching
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.threads.messages import ToExplain, VoteDue


class Explaining(Teaching):
    """Orders with cards. No card is shown while turns pass, so none is late."""

    def __init__(self) -> None:
        super().__init__()
        self._moment: list[Event] = []
        """Events of the newest turn, for a card."""
        self._cards: deque[Sequence[Event]] = deque()
        """Cards that wait for their turn."""
        self._card_open = False
        self._choice_due = False
        """A level has brought a choice that was not offered yet."""
        self._vote_due = False
        """A monster has come, and the room is to vote on it."""
        self._no_lessons = False

    def note(self, event: Event) -> None:
        """Keep what a card of this turn may have to tell."""
        if self._moment and self._moment[0].turn != event.turn:
            self._moment.clear()
        self._moment.append(event)

    def explain(self, message: ToExplain) -> None:
        """A card for the first of its kind; without a lesson that the player skips."""
        self._held = self._held or message.held
        if not (self._no_lessons and self._key_of(message.event)):
            self.add_card(message.event)
        self.next_card()

    def vote_due(self, message: VoteDue) -> None:
        """A vote after the cards, while the run waits."""
        self._held = self._held or message.held
        self._vote_due = True
        self.next_card()

    def _hold_due_vote(self) -> None:
        """The vote on what to do about a monster. It gives up by itself where nothing can be done."""
        self._vote_due = False
        question = which_ability(self.scene)
        if isinstance(question, str):
            self.tell_player(f"No vote: {question}", "warn")
            self.next_card()
        else:
            self._hold()
            self._card_open = True
            self.hold_vote(question, self._go_on)

    def add_card(self, event: Event) -> None:
        more = [other for other in self._moment if isinstance(other, Evaluated | GateFaced)] if isinstance(event, Rested) else []
        if not any(event in waiting for waiting in self._cards):
            self._cards.append((event, *more))

    def _key_of(self, event: Event) -> str | None:
        """The key that an act of the campaign teaches."""
        if self.campaign is None or not isinstance(event, ActBegan) or event.number > len(self.campaign.acts):
            return None
        return self.campaign.acts[event.number - 1].press

    def next_card(self) -> None:
        """The card that has waited longest, then a level's choice, then the run goes on."""
        if self._card_open or not self.is_active:
            return
        if self.may_show_cards and self._cards:
            self._hold()
            self._card_open = True
            events = self._cards.popleft()
            self.leave_to_card(events)
            self.app.push_screen(Card(events, self.scene, self._key_of(events[0])), self._card_closed)
        elif self.may_show_cards and self._choice_due:
            self._hold()
            self._choice_due = False
            self.action_raise()
        elif self.may_show_cards and self._vote_due:
            self._hold_due_vote()
        else:
            self._cards.clear()
            self._let_go()

    @property
    def may_show_cards(self) -> bool:
        raise NotImplementedError

    def leave_to_card(self, events: Sequence[Event]) -> None:
        """A card tells of these events now."""
        raise NotImplementedError

    def _hold(self) -> None:
        if not self.bridge.inbox.paused:
            self._held = True
            self.bridge.inbox.pause()

    def _let_go(self) -> None:
        if self._held:
            self._held = False
            self.bridge.inbox.resume()

    def stay_paused(self) -> None:
        """Something else holds the run now; it does not go on after the cards."""
        self._held = False

    async def _card_closed(self, answer: str | None) -> None:
        """Another key than the card's own acts as if there had been none, and before the run goes on."""
        if answer == PAUSE:
            self.stay_paused()
            self.bridge.inbox.pause()
            self.tell_player("‖ Paused. Space resumes, . plays one turn.", "warn", stays="unless hinted")
        elif answer == SKIP:
            self._no_lessons = True
            self._cards = deque(events for events in self._cards if not self._key_of(events[0]))
        elif answer is not None and answer != GO_ON:
            bound = self.active_bindings.get(answer)
            if bound is None:
                self.app.simulate_key(answer)  # which is answered in words
            elif bound.enabled:
                await self.app.run_action(bound.binding.action, bound.node)
        self._go_on()

    @while_open
    def _go_on(self) -> None:
        self._card_open = False
        self.next_card()

    def action_step(self) -> None:
        self.stay_paused()
        super().action_step()
