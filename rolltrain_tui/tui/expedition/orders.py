"""The player's side of the expedition: keys become commands and tempo, each acknowledged at once."""

from collections.abc import Callable
from typing import cast

from textual import events
from textual.screen import Screen

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.protocol.commands import Command, SaveGame, SetAuto, Speak, TakeShortRest, UseAbility
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import DISMISS
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.pauses import SOMETHING
from rolltrain_tui.tui.expedition.stops import Stops, StopsScreen
from rolltrain_tui.tui.expedition.tempo import faster, slower
from rolltrain_tui.tui.option_keys import DISMISSAL, by_themselves, letters
from rolltrain_tui.tui.screens.dialogs.choice import Choice, ChoiceDialog, quit_dialog
from rolltrain_tui.tui.screens.kinds.base import Game, HelpScreen, keys_of
from rolltrain_tui.tui.settings import remember
from rolltrain_tui.tui.threads.bridge import Bridge
from rolltrain_tui.tui.widgets.notice import Stays
from rolltrain_tui.tui.wording.figures import rate
from rolltrain_tui.tui.wording.titles import titled


class Orders(Screen[None]):
    """Everything a player can ask for while an expedition is under way."""

    bridge: Bridge
    scene: Scene
    _held = False
    """The run stands still for cards alone, and goes on by itself after them."""

    @property
    def game(self) -> Game:
        return cast(Game, self.app)

    @property
    def notice(self) -> str:
        """The last answer to the player."""
        raise NotImplementedError

    def tell_player(self, text: str, tone: str, stays: Stays = "not", *, alone: bool = False) -> None:
        """`alone`: nothing else has changed on the screen, so nothing else is drawn. A whole picture takes time from the training."""
        raise NotImplementedError

    def send(self, command: Command, words: str) -> None:
        """Put a command into the inbox and say so before the run has heard of it."""
        if self.scene.finished:
            self.tell_player("The run is over; nothing can be asked of it.", "warn")
            return
        self.bridge.inbox.put(command)
        self.tell_player(f"⟳ {words}: takes effect next turn{self._once()}", "accent", alone=True)

    def _once(self) -> str:
        """What the next turn waits for, in brackets."""
        if not self.bridge.inbox.paused:
            return ""
        here = self.app.screen is self
        if self._held:
            return "" if here else " (once you are back in the game)"
        return f" (paused: {'' if here else 'back in the game, '}space resumes)"

    def on_key(self, event: events.Key) -> None:
        """What means nothing here is answered too."""
        if (event.is_printable or event.key == "enter") and event.key not in self.active_bindings:
            name = event.character if event.is_printable else "Enter"
            self.tell_player(f"{name} does nothing here. ? lists the keys.", "muted", alone=True)

    # Abilities.

    def action_use(self, number: int) -> None:
        abilities = list(self.scene.charges)
        if 1 <= number <= len(abilities):
            self.use(abilities[number - 1])
        else:
            held = " and ".join(f"{n} {titled(name)}" for n, name in enumerate(abilities, start=1))
            self.tell_player(f"There is no ability {number}; this hero has {held or 'none'}.", "warn")

    def use(self, ability: str) -> None:
        """Use it; ask for the option where it has several; end it where it is held until ended."""
        view, row = self.scene.active.get(ability), ABILITIES.get(ability)
        if row is not None and row.options:
            self._ask_option(ability)
        elif view is not None and view.until is None:
            self.dismiss_ability(ability)
        elif why := self._why_not(ability):
            self.tell_player(f"✖ {why}", "warn")
        else:
            self.send(UseAbility(ability), titled(ability))

    def _why_not(self, ability: str) -> str:
        """Why the rules would refuse it next turn; empty where they would not, as far as can be seen."""
        title, charge, left = titled(ability), self.scene.charges.get(ability), self.scene.turns_left(ability)
        if left:
            return f"{title} is already in force: {counted(left, 'more turn')}."
        if UseAbility(ability) in self.bridge.inbox.pending():
            return f"{title} is asked for already; it takes effect next turn."
        if charge is not None and charge.left == 0:
            return f"No {title} is left until a {charge.recharge} rest."
        return ""

    def _ask_option(self, ability: str) -> None:
        row, level = ABILITIES[ability], self.scene.sheet.level
        view = self.scene.active.get(ability)
        open_to_hero = [option for option in row.options if option.level <= level]
        keys = letters([*(option.title for option in open_to_hero), DISMISSAL])
        choices: list[Choice] = []
        for option in open_to_hero:
            multiple = f" ×{option.k:g}" if option.k != 1 else ""
            choices.append(Choice(option.name, option.title + multiple, keys[option.title]))
        if view is not None:
            choices.append(Choice(DISMISS, DISMISSAL, keys[DISMISSAL]))
        locked = [f"{option.title} from level {option.level}" for option in row.options if option.level > level]
        text = "\n".join([*(f"{option.title}: {option.summary}" for option in open_to_hero), *locked])

        def answer(option: str | None) -> None:
            if option:
                words = f"End of {titled(ability)}" if option == DISMISS else titled(ability, option)
                self.send(UseAbility(ability, option), words)

        self.app.push_screen(ChoiceDialog(row.title, text, choices), answer)

    def dismiss_ability(self, ability: str) -> None:
        self.send(UseAbility(ability, DISMISS), f"End of {titled(ability)}")

    def action_auto(self) -> None:
        """Choose an ability whose passive form shall trigger by itself, or not."""
        able = by_themselves(self.scene)
        if not able:
            self.tell_player("No ability of this hero triggers by itself.", "warn")
            return
        choices = [Choice(str(n), f"{titled(c.ability)}: {'stop' if c.auto else 'start'}", str(n)) for n, c in enumerate(able, start=1)]
        lines = [f"{titled(c.ability)}: {'automatic' if c.auto else 'manual'}\n  {_passive(c.ability)}" for c in able]

        def answer(number: str | None) -> None:
            if number:
                charge = able[int(number) - 1]
                self.set_auto(charge.ability, not charge.auto)

        self.app.push_screen(ChoiceDialog("Which ability may act by itself?", "\n".join(lines), choices), answer)

    def set_auto(self, ability: str, on: bool) -> None:
        self.send(SetAuto(ability, on), f"{titled(ability)} by itself: {'on' if on else 'off'}")

    # Tempo.

    def action_pause(self) -> None:
        inbox = self.bridge.inbox
        self.bridge.run_no_more()
        if inbox.paused:
            inbox.resume()
            self.tell_player(f"▶ Resumed at {rate(inbox.turns_per_second)}.", "good")
        else:
            inbox.pause()
            self.tell_player("‖ Paused after this turn. Space resumes, . plays one turn.", "warn", stays="unless hinted")

    def action_step(self) -> None:
        self.bridge.run_no_more()
        self.bridge.inbox.step_once()
        self.tell_player("One turn. Space resumes.", "accent")

    def action_until(self) -> None:
        self.bridge.run_until(SOMETHING)
        self.tell_player("▶▶ Running until something happens. Space pauses.", "good", stays="unless hinted")

    def action_stops(self) -> None:
        """Choose at what the game pauses by itself."""

        def answer(stops: Stops | None) -> None:
            if stops is not None:
                self.bridge.pause_on, self.bridge.explains, self.bridge.votes = stops.rules, stops.explains, stops.votes
                remember("explain", stops.explains)

        self.app.push_screen(StopsScreen(Stops(self.bridge.pause_on, self.bridge.explains, self.bridge.votes)), answer)

    def action_speed(self, direction: int) -> None:
        self.bridge.run_no_more()
        speed = self.bridge.inbox.turns_per_second
        self.set_speed(faster(speed) if direction > 0 else slower(speed))

    def set_speed(self, speed: float | None) -> None:
        self.bridge.inbox.set_speed(speed)
        words = "Full speed: as fast as this machine trains." if speed is None else f"Speed: {rate(speed)}."
        if self.bridge.inbox.paused:
            self.tell_player(f"‖ {words} Space resumes.", "warn")
        else:
            self.tell_player(f"▶ {words}", "good")

    # The rest.

    def action_rest(self) -> None:
        self.send(TakeShortRest(), "Short rest")

    def action_speak(self) -> None:
        self.send(Speak(), "A sample of its text")

    def action_save(self) -> None:
        self.send(SaveGame(), "Save")

    def action_codex(self) -> None:
        self.game.open_codex("")

    def action_help(self) -> None:
        rows: list[tuple[str, str]] = []
        for number, ability in enumerate(self.scene.charges, start=1):
            row = ABILITIES.get(ability)
            rows.append((str(number), f"{titled(ability)}: {row.live}" if row is not None else titled(ability)))
        rows += [(keys, words) for keys, words in keys_of(self) if not words.startswith("Ability ")]
        self.app.push_screen(HelpScreen(rows, "Keys of the expedition"))

    def action_leave(self) -> None:
        """Ask whether to leave; the run waits for the answer."""
        if self.scene.finished:
            self.game.leave("title")
            return

        def answer(choice: str | None) -> bool:
            if leaving := choice in ("quit", "title"):
                self.game.leave("quit" if choice == "quit" else "title")
            return not leaving

        self.ask_in_peace(quit_dialog(), answer)

    def ask_in_peace(self, question: ChoiceDialog, answer: Callable[[str | None], bool]) -> None:
        """Ask while the run waits. `answer` tells whether it goes on afterwards; it does not if it was paused before."""
        inbox = self.bridge.inbox
        was_paused = inbox.paused
        inbox.pause()

        def go_on(choice: str | None) -> None:
            if answer(choice) and not was_paused:
                inbox.resume()

        self.app.push_screen(question, go_on)


def _passive(ability: str) -> str:
    row = ABILITIES.get(ability)
    return row.passive if row is not None else ""
