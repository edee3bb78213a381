"""Recording a ghost: plain training, turn by turn, with nothing of the game in it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline as ghosts
from rolltrain_tui.game.baseline import Ghost
from rolltrain_tui.game.campaign import LOSS_EMA_DECAY, step_taken
from rolltrain_tui.modes.text.build import build_learner
from rolltrain_tui.plain.signals import caught
from rolltrain_tui.plain.views import BarView, QuietView, SafeStream, View
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.events import Evaluated, GhostPoint, StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import Learner, StepAbandoned
from rolltrain_tui.story.scene import Scene

FAILED = 1


def run(config: CampaignConfig, *, base: Path, target: Path) -> int:
    """Record the campaign's ghost into `target`, with a progress bar on a terminal; the exit code. Main thread only (catches signals)."""
    ghosts.check_writable(target)
    learner = build_learner(config, base=base)
    inbox, scene, points = Inbox(), Scene(), list[GhostPoint]()
    face: View = BarView(sys.stderr) if sys.stderr.isatty() else QuietView(SafeStream(sys.stderr))
    talk = SafeStream(sys.stderr)
    learner.should_stop = lambda: inbox.stopped
    with caught(inbox.stop) as signal:
        face.open(scene, config.turns)
        try:
            for event in plain_run(config, learner):
                scene.apply(event)
                face.show(event)
                points += [point_of(event)] if isinstance(event, Evaluated) else []
        except StepAbandoned:
            pass
        finally:
            face.close()
    if points[-1].turn < config.turns:
        talk.say(f"Stopped after turn {scene.turn}; nothing is recorded.")
        return signal.exit_code or FAILED
    ghosts.write(target, ghost_of(config, learner, points))
    last = points[-1]
    talk.say(f"The ghost of {len(points)} evaluations ends at {last.val_loss:.4f} nats, plus or minus {last.standard_error:.4f}.")
    SafeStream(sys.stdout).say(printable(target))
    return signal.exit_code


def record(config: CampaignConfig, learner: Learner) -> Ghost:
    """Train from the start to the end; the ghost."""
    points = [point_of(event) for event in plain_run(config, learner) if isinstance(event, Evaluated)]
    return ghost_of(config, learner, points)


def plain_run(config: CampaignConfig, learner: Learner) -> Iterator[StepTaken | Evaluated]:
    """Every step as the optimiser takes it, and an evaluation wherever the campaign or one of its gates will ask for one."""
    ema: float | None = None
    gflop, best = 0.0, float("inf")
    for turn in range(config.turns + 1):
        if turn:
            report = learner.step(NEUTRAL)
            gflop += report.gflop
            if report.finite:
                ema = report.loss if ema is None else LOSS_EMA_DECAY * ema + (1 - LOSS_EMA_DECAY) * report.loss
            yield step_taken(turn, report, report.loss if ema is None else ema, gflop)
        if turn % config.evaluation.every == 0 or turn % config.camps.every == 0 or turn == config.turns:
            found = learner.evaluate(config.evaluation.sequences)
            gflop += found.gflop
            improved, best = found.loss < best, min(best, found.loss)
            yield Evaluated(turn, found.loss, found.standard_error, best, found.loss if ema is None else ema, improved)


def point_of(event: Evaluated) -> GhostPoint:
    return GhostPoint(event.turn, event.train_loss, event.val_loss, event.standard_error)


def ghost_of(config: CampaignConfig, learner: Learner, points: list[GhostPoint]) -> Ghost:
    torch, facts = sys.modules.get("torch"), learner.info()
    version = str(torch.__version__) if torch is not None else ""
    recipe = ghosts.recipe_of(config, facts.text_sha256)
    return Ghost(config.name, config.seed, version, facts.device, facts.dtype, recipe, tuple(points))
