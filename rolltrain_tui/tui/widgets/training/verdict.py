"""The verdict of the scouts in lines: the size of the steps, the best step with its interval, how they measured it, what to press."""

import math
from typing import TYPE_CHECKING

from rolltrain_tui.base.grammar import capital, minus
from rolltrain_tui.protocol.events import ScoutsReturned
from rolltrain_tui.rules.health.pace import FIRST_TRIP, first_trip_turns
from rolltrain_tui.story.hints import YOUNG, hint_of, taken_factor, too_young, wanted_factor
from rolltrain_tui.story.phrases import plus_minus
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scouts import PACE_WORDS, best_words
from rolltrain_tui.tui.widgets.panel import Line, justify, paragraph, width_of
from rolltrain_tui.tui.widgets.training.hint import SCOUTS_OUT, press

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig

TONES = {"slow": "warn+strong", "hot": "bad+strong", "tuned": "good+strong", "unclear": "muted"}
CURES = {
    "slow": "A practitioner raises the learning rate to about {rate}.",
    "hot": "A practitioner lowers the learning rate to about {rate}, and goes back to a checkpoint from before it did harm.",
    "tuned": "Neither smaller nor larger steps would help. Time, data or a decay of the learning rate do.",
    "unclear": "The scouts contradict one another. Send them again later.",
}


def verdict_lines(scene: Scene, config: "CampaignConfig | None", width: int, *, keys: bool = True) -> list[Line]:
    """The head of the diagnosis page. `keys`: the run is the player's, whose keys act on it."""
    found = scene.scouts
    if scene.scouting:
        return [[(SCOUTS_OUT[:width], "cool")]]
    lines = _none_yet(scene, config, width, keys=keys) if found is None else _found(found, scene, width)
    hint = hint_of(scene, scouts=sends_scouts(config))
    if hint is not None:
        line = press(hint, scene, keys=keys, dials=config.dials if config is not None else ())
        lines += [line] if width_of(line) <= width else paragraph("".join(span[0] for span in line), width)
    return lines


def sends_scouts(config: "CampaignConfig | None") -> bool:
    """Whether scouts may go out in this campaign."""
    return config is not None and config.diagnosis.scouts != "off"


def _found(found: ScoutsReturned, scene: Scene, width: int) -> list[Line]:
    verdict = PACE_WORDS[found.pace]
    lines: list[Line] = [justify([(verdict, TONES[found.pace])], [(f"scouts, turn {found.turn}", "muted")], width)]
    if numbers := best_words(found).removeprefix("; "):
        lines += paragraph(f"{capital(numbers)}.", width, "strong")
    here = [f"×{scout.k:.2g} {_delta(scout.delta, scout.standard_error)}" for scout in found.scouts if not scout.anew]
    anew = [f"×{scout.k:.2g} {_delta(scout.delta, scout.standard_error)}" for scout in found.scouts if scout.anew]
    unit = scene.objective.unit_behind
    lines += paragraph(f"Other steps from here: {', '.join(here)}{unit}.", width, "muted")
    if anew:
        lines += paragraph(f"Begun anew with other steps, at the same age: {', '.join(anew)}{unit}.", width, "muted")
    now = wanted_factor(scene)
    rate = scene.step.lr * taken_factor(scene) * now if scene.step is not None else math.nan
    cure = YOUNG if too_young(found) else CURES[found.pace].format(rate=f"{rate:.2g}")
    lines += paragraph(cure, width)
    if math.isfinite(now) and abs(math.log(now / found.best)) > 0.05:
        words = f"Your abilities have changed the step since: the best is now about {now:.2g} x yours."
        lines += paragraph(words, width)
    return lines


def _delta(mean: float, error: float) -> str:
    return minus(f"{mean:+.3f}{plus_minus(error, sign=' ±')}") if math.isfinite(mean) else "came to nothing"


def _none_yet(scene: Scene, config: "CampaignConfig | None", width: int, *, keys: bool) -> list[Line]:
    if config is None or not sends_scouts(config):
        return []
    words = "Are the steps too small or too large? No scouts have been out yet"
    price = f"they train for {first_trip_turns(scene.turn + 1)} turns, counted apart from the run's"
    words += f": m sends them after the next turn; {price}." if keys else "."
    if config.diagnosis.scouts in ("camps", "early", "seldom"):
        first = 0 if config.diagnosis.scouts == "camps" else FIRST_TRIP
        camp = max(scene.turn // config.camps.every + 1, math.ceil(first / config.camps.every)) * config.camps.every
        sooner = ", or sooner where a signal shows heat" if config.diagnosis.scouts == "early" else ""
        words += f" By themselves they go at the camp after turn {camp}{sooner}."
    return paragraph(words, width, "muted")
