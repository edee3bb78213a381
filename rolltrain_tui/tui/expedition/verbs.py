"""Every verb of the expedition by name, for the command palette."""

from collections.abc import Iterator
from functools import partial

from rolltrain_tui.base.grammar import capital
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.tui.expedition.teaching import Teaching
from rolltrain_tui.tui.expedition.tempo import SPEEDS
from rolltrain_tui.tui.screens.dialogs.command_palette import Verb, Verbs
from rolltrain_tui.tui.wording.figures import rate
from rolltrain_tui.tui.wording.titles import titled


class ExpeditionVerbs(Verbs):
    """Offers what the expedition's keys do, and a few things that have no key."""

    def _verbs(self) -> Iterator[Verb]:
        screen = self.screen
        assert isinstance(screen, Teaching)
        yield from _abilities(screen)
        yield "Pause or resume", "Stop between two turns", screen.action_pause
        yield "Step", "Play one turn, then pause", screen.action_step
        yield "Run until something happens", "A monster, a sick signal, a gate, a level, a verdict", screen.action_until
        yield "Choose where it pauses", "At what the game pauses by itself", screen.action_stops
        for speed in SPEEDS:
            name = "Full speed" if speed is None else f"Speed {rate(speed)}"
            yield name, "Turns a second, as fast as the machine allows", partial(screen.set_speed, speed)
        yield "Diagnose", "Every signal and every layer, what is sick and what helps", screen.action_diagnose
        yield "Chart", "The chart on the whole screen: cursor, zoom, other series and runs", screen.action_chart
        yield "Predict the next evaluation", "A right guess earns inspiration", screen.action_foretell
        yield "Spend inspiration", "Advantage on the next roll", screen.action_inspire
        yield "Open the bag", "Use an item", screen.action_bag
        yield "Let the room vote", "Which ability, or what the next evaluation will be; hands are counted by keys", screen.action_vote
        if screen.scene.hidden:
            yield "Reveal what is kept back", "Ghost, floor, verdict, diagnosis", screen.action_reveal
        yield "Presenter mode", "Few large panels, and a pause at each evaluation", screen.action_present
        if screen.dials:
            yield "Dials of the training", "Change how it learns, from the next turn on", screen.action_dials
        for dial in screen.dials:
            for value in dial.choices or ("",):
                yield (
                    f"{dial.title} {value}".rstrip(),
                    capital(dial.words),
                    partial(screen.action_turn_dial, dial.name, value),
                )
        yield "Raise an ability score", "When a level has brought a choice", screen.action_raise
        yield "Short rest", "Some charges back, and hit dice spent to heal", screen.action_rest
        if screen.may_join:
            yield "Take part", "Play with what is trained, as it is now; the run waits", screen.action_join
        yield "Speak", "A sample of what the model can do", screen.action_speak
        yield "Save", "Write a save after this turn", screen.action_save
        yield "Help", "Every key with one line", screen.action_help
        yield "Leave the expedition", "Save and quit, or back to the title", screen.action_leave
        yield "Quit to the title", "Save, then the title screen", partial(screen.game.leave, "title")
        yield from codex_verbs(screen)


def _abilities(screen: Teaching) -> Iterator[Verb]:
    for charge in screen.scene.charges.values():
        row = ABILITIES.get(charge.ability)
        title = titled(charge.ability)
        yield f"Use {title}", row.live if row is not None else "", partial(screen.use, charge.ability)
        if charge.ability in screen.scene.active:
            yield f"Dismiss {title}", "End it before the next turn", partial(screen.dismiss_ability, charge.ability)
        if row is not None and row.passive:
            yield (
                f"{title} by its key alone, not by itself" if charge.auto else f"{title} automatic: it acts by itself too",
                row.passive,
                partial(screen.set_auto, charge.ability, not charge.auto),
            )


def codex_verbs(screen: Teaching) -> Iterator[Verb]:
    from rolltrain_tui.story.codex import pages

    for page in pages():
        yield f"Codex: {page.title}", f"The codex page about {page.title}", partial(screen.game.open_codex, page.slug)
