"""`rolltrain ghost`: record the plain training of a campaign."""

import sys
from pathlib import Path

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline as ghosts
from rolltrain_tui.modes.text.build import build_learner
from rolltrain_tui.plain.signals import caught
from rolltrain_tui.plain.views import BarView, QuietView, SafeStream, View
from rolltrain_tui.protocol.events import Evaluated
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import StepAbandoned
from rolltrain_tui.story.scene import Scene

FAILED = 1


def run(config: CampaignConfig, *, base: Path, target: Path) -> int:
    """Record the campaign's ghost into `target`, with a progress bar on a terminal; the exit code. Main thread only (catches signals)."""
    ghosts.check_writable(target)
    learner = build_learner(config, base=base)
    inbox, scene, evaluations = Inbox(), Scene(), list[Evaluated]()
    face: View = BarView(sys.stderr) if sys.stderr.isatty() else QuietView(SafeStream(sys.stderr))
    talk = SafeStream(sys.stderr)
    learner.should_stop = lambda: inbox.stopped
    with caught(inbox.stop) as signal:
        face.open(scene, config.turns)
        try:
            for event in ghosts.plain_training(config, learner, at_camps=True):
                scene.apply(event)
                face.show(event)
                evaluations += [event] if isinstance(event, Evaluated) else []
        except StepAbandoned:
            pass
        finally:
            face.close()
    if evaluations[-1].turn < config.turns:
        talk.say(f"Stopped after turn {scene.turn}; nothing is recorded.")
        return signal.exit_code or FAILED
    ghosts.write(target, ghosts.ghost_of(config, learner, evaluations))
    last = evaluations[-1]
    talk.say(f"The ghost of {len(evaluations)} evaluations ends at {last.val_loss:.4f} nats, plus or minus {last.standard_error:.4f}.")
    SafeStream(sys.stdout).say(printable(target))
    return signal.exit_code
