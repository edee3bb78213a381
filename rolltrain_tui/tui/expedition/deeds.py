"""What the adventure adds to the orders: the diagnosis, predictions, inspiration, the bag, a raised score."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from textual.screen import Screen
from textual.timer import Timer

from rolltrain_tui.base.grammar import capital, counted, fixed
from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.commands import Guess, Predict, RaiseStat, SendScouts, SpendInspiration, TurnDial, UseItem
from rolltrain_tui.protocol.dials import OWN, OWN_WORDS, Dial
from rolltrain_tui.rules.hero.growth import HIGHEST_SCORE, RAISE
from rolltrain_tui.rules.hero.inspiration import bounds
from rolltrain_tui.rules.hero.levels import ability_modifier
from rolltrain_tui.rules.monsters.loot import ITEMS
from rolltrain_tui.story.phrases import dial_value
from rolltrain_tui.tui.expedition.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.expedition.orders import Orders
from rolltrain_tui.tui.option_keys import dial_title
from rolltrain_tui.tui.screens.dialogs.choice import Choice, ChoiceDialog
from rolltrain_tui.tui.screens.dialogs.pick import Pick, PickScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.stat_sheet import foes_of
from rolltrain_tui.tui.widgets.training.verdict import sends_scouts
from rolltrain_tui.tui.wording.figures import signed
from rolltrain_tui.tui.wording.titles import titled
from rolltrain_tui.tui.wording.words import loss

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig

JOIN_SECONDS = 0.05
STATS = {
    "STR": "Added to the damage of every blow.",
    "CON": "Hit points at every level, those behind you too; added to hit dice at a rest.",
    "INT": "Added to every roll of the turn: hits come more often, so E[k] rises.",
    "WIS": "Added to the dice of a Healing Word.",
    "CHA": "Added to every save under an Aura of Protection.",
}
"""What a score is good for, beside its saving throws."""


class Deeds(Orders):
    """The orders that came with the adventure."""

    _joining: Timer | None = None
    """Looks whether the player can take part."""

    @property
    def campaign(self) -> "CampaignConfig | None":
        return self.bridge.run.config if self.bridge.run is not None else None

    def action_diagnose(self) -> None:
        """The diagnosis over the expedition, which goes on behind it."""
        self.app.push_screen(DiagnosisScreen(self.scene, self.campaign, self))

    @property
    def sends_scouts(self) -> bool:
        return sends_scouts(self.campaign)

    def send_scouts(self) -> None:
        """Send scouts after the next turn."""
        self.send(SendScouts(), "Scouts")

    def action_chart(self) -> None:
        """The chart on the whole screen; the run goes on behind it."""
        from rolltrain_tui.tui.screens.chart import ChartScreen

        self.app.push_screen(ChartScreen(lambda: self.scene, self.bridge.run.folder if self.bridge.run is not None else None))

    # Taking part.

    @property
    def _sitting(self) -> str:
        """The mode's own screen on which the player takes part; empty where there is none."""
        from rolltrain_tui.modes import MODES

        return MODES[self.campaign.kind].sitting if self.campaign is not None and self.campaign.kind in MODES else ""

    @property
    def may_join(self) -> bool:
        return bool(self._sitting) and not self.scene.finished

    def action_join(self) -> None:
        """Take part, with what is trained as it is after this turn. The run waits until the player is back."""
        if self._joining is not None or not self.may_join:
            return
        inbox = self.bridge.inbox
        was_paused = inbox.paused
        inbox.pause()
        self.tell_player("‖ The run waits after this turn, and goes on when you are back.", "accent", stays="always")
        from rolltrain_tui.modes import part_of

        assert self.campaign is not None
        make, when = part_of(self.campaign.kind, "sitting"), f"turn {self.scene.turn}"
        found = self.bridge.between_turns(lambda run: make(run.learner, when))

        def look() -> None:
            if found.done() or not self.bridge.playing:
                joining.stop()
                self._joining = None
                self._sit_down(found, was_paused)

        joining = self._joining = self.set_interval(JOIN_SECONDS, look)

    @while_open
    def _sit_down(self, found: "Future[Callable[[], Screen[Any]]]", was_paused: bool) -> None:
        if not found.done():
            self.tell_player("The run is over; nobody can take part any more.", "warn")
            return
        if (error := found.exception()) is not None:
            self.tell_player(f"✖ {clean(str(error))}", "bad")
            self._resume_unless(was_paused)
            return
        screen = found.result()()

        def go_on(_: object) -> None:
            orders: Sequence[TurnDial] = getattr(screen, "orders", ())
            for order in orders:
                self.send(order, dial_title(order, self.dials))
            self._resume_unless(was_paused)
            if not orders:
                self.tell_player("You are back." if was_paused else "▶ You are back, and the run goes on.", "good")

        self.app.push_screen(screen, go_on)

    def _resume_unless(self, was_paused: bool) -> None:
        if not was_paused:
            self.bridge.inbox.resume()

    # Predictions.

    @property
    def may_foretell(self) -> bool:
        wanted = self.campaign is not None and self.campaign.adventure.predictions and not self.scene.finished
        return wanted and self.scene.foretold is None and len(self.scene.history.last_two) == 2

    def action_foretell(self) -> None:
        """Ask for a guess at the next evaluation. The run waits, or the evaluation might come before the answer."""
        scene, campaign = self.scene, self.campaign
        if scene.foretold is not None:
            self.tell_player(f"You have predicted already: {scene.foretold.guess}. The next evaluation will tell.", "warn")
            return
        if campaign is None or not campaign.adventure.predictions:
            self.tell_player("This campaign has no predictions.", "warn")
            return
        if not self.may_foretell:
            over = "The run is over" if scene.finished else "Two evaluations come first"
            self.tell_player(f"Nothing can be predicted now. {over}.", "warn")
            return
        every = campaign.evaluation.every
        due = min((scene.turn // every + 1) * every, campaign.turns)
        (first, before), (second, last) = scene.history.last_two
        low, high = bounds(before, last)
        text = (
            f"The {scene.objective.name} was {loss(before, 3)} after turn {first} and {loss(last, 3)} after turn {second}. "
            f"What will it be after turn {due}? Level means {fixed(low)} to {fixed(high)}.\n\n"
            "A right guess earns inspiration ★: advantage on a roll."
        )
        labels: dict[Guess, str] = {"lower": f"Lower < {fixed(low)}", "level": "Level", "higher": f"Higher > {fixed(high)}"}
        choices = [Choice(guess, label, str(n)) for n, (guess, label) in enumerate(labels.items(), start=1)]

        def answer(taken: str | None) -> bool:
            for guess in labels:
                if guess == taken:
                    self.send(Predict(guess), f"Predicted: {guess}")
            return True

        self.ask_in_peace(ChoiceDialog("Predict the next evaluation", text, choices), answer)

    def action_inspire(self) -> None:
        if self.scene.inspired:
            self.send(SpendInspiration(), "Inspiration")
        else:
            self.tell_player("There is no inspiration yet: predict an evaluation correctly (p) to earn it.", "warn")

    # The bag.

    def action_bag(self) -> None:
        """The bag's items, each with what it does."""
        if not self.scene.bag:
            self.tell_player("The bag is empty; monsters that fall may leave something behind.", "warn")
            return
        picks = [_item(name, number) for name, number in self.scene.bag.items()]

        def answer(item: str | None) -> None:
            if item:
                self.send(UseItem(item), _item(item, 1).label)

        self.app.push_screen(PickScreen("The bag", "", picks, "uses it"), answer)

    # The dials of this kind of training.

    @property
    def dials(self) -> tuple[Dial, ...]:
        return self.campaign.dials if self.campaign is not None else ()

    def action_dials(self) -> None:
        """The dials, each with what it does and how it stands."""
        if not self.dials:
            self.tell_player("This kind of training has no dials to turn.", "warn")
            return
        picks = [Pick(dial.name, dial.title, self._stands(dial), _about(dial)) for dial in self.dials]

        def answer(name: str | None) -> None:
            if name:
                self._ask_value(next(dial for dial in self.dials if dial.name == name))

        self.app.push_screen(PickScreen("Dials of the training", "", picks, "turns it"), answer)

    def _stands(self, dial: Dial) -> str:
        """How it was turned last; of a dial that acts once, when it did."""
        last = self.scene.dials.get(dial.name)
        if last is None:
            return OWN_WORDS if dial.choices else "acts once"
        return dial_value(last.value) or f"turn {last.turn}"

    def _ask_value(self, dial: Dial) -> None:
        if not dial.choices:
            self.action_turn_dial(dial.name, "")
            return
        picks = [Pick(value, value, OWN_WORDS if value == OWN else "", _about(dial)) for value in dial.choices]

        def answer(value: str | None) -> None:
            if value:
                self.action_turn_dial(dial.name, value)

        self.app.push_screen(PickScreen(dial.title, "", picks, "turns it so"), answer)

    def action_turn_dial(self, name: str, value: str) -> None:
        """Ask for it; the run answers whether it can be had."""
        order = TurnDial(name, value)
        self.send(order, f"{dial_title(order, self.dials)} {value}".rstrip())

    # The level's choice.

    def action_raise(self) -> None:
        """Choose the score to raise, if a level brought a choice that is still open."""
        hero = self.scene.sheet
        picks = [
            Pick(stat, f"{stat} {score} → {min(HIGHEST_SCORE, score + RAISE)}", _modifiers(score), worth(stat))
            for stat, score in hero.stats
            if score < HIGHEST_SCORE
        ]
        if not hero.choices or not picks:
            self.tell_player("No score can be raised now; levels 4, 8, 12, 16 and 19 may bring a choice.", "warn")
            return

        def answer(stat: str | None) -> None:
            if stat:
                self.send(RaiseStat(stat), f"{stat} rises")
            else:
                self.tell_player("The choice stays open: g brings it back.", "accent")

        left = f" {hero.choices} choices are open." if hero.choices > 1 else ""
        text = f"Raise which score?{left}"
        self.app.push_screen(PickScreen("Raise an ability score", text, picks, "raises it"), answer)


def _about(dial: Dial) -> str:
    return f"{capital(dial.words)}." if not dial.unavailable else f"Not here: {dial.unavailable}."


def worth(stat: str) -> str:
    """What a score is good for: its own use, and the monsters whose power it saves from."""
    saves = f"Saving throws against {foes}." if (foes := foes_of(stat)) else ""
    return "\n".join(line for line in (STATS.get(stat, ""), saves) if line)


def _modifiers(score: int) -> str:
    old, new = ability_modifier(score), ability_modifier(min(HIGHEST_SCORE, score + RAISE))
    return f"modifier {signed(old)} → {signed(new)}"


def _item(name: str, number: int) -> Pick:
    row = ITEMS.get(name)
    label = row.title if row is not None else titled(name)
    if row is None:
        return Pick(name, label, f"× {number}", "")
    holds = f"for {counted(row.turns, 'turn')}" if row.turns else "at once"
    return Pick(name, label, f"× {number}   {holds}", f"{capital(row.words)}.\nBest when {row.best_when}.")
