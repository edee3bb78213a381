"""`rolltrain ghost`: record the plain training of a campaign."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.exit_codes import FAILED
from rolltrain_tui.cli.shared.progress import progress

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig


@click.command()
@click.argument("campaign")
@click.option("--data", type=options.FILE, metavar="FILE", help="A UTF-8 text of yours to train on, as `rolltrain play` takes it.")
@options.SETTINGS
@click.option("--out", type=options.FILE, metavar="FILE", help="Where to keep it, instead of the usual place.")
@click.option("--force", is_flag=True, help="Replace a recording that was made with other settings.")
def ghost(campaign: str, data: Path | None, settings: tuple[str, ...], out: Path | None, force: bool) -> int:
    """Train CAMPAIGN plainly, without dice, monsters, twin or abilities, and record its losses: the ghost on the chart, and the bar of the
    gates at the camps. It is kept in ghosts/NAME.json: beside your campaign, and for a shipped campaign beside your runs."""
    from rolltrain_tui.modes import campaign_file

    path = options.find_campaign(campaign)
    config, base = campaign_file.load_with_base(path, settings, data=options.own_text(data))
    from rolltrain_tui.runs.ghosts import recorded_to

    return record(config, base=base, target=out or recorded_to(path), chosen=out is not None, force=force)


def record(config: "CampaignConfig", *, base: Path, target: Path, chosen: bool = True, force: bool = False) -> int:
    """Record the campaign's ghost into `target`; the exit code. Main thread only (it catches signals).

    `chosen`: the user named the file. `force`: whatever is there is replaced.
    """
    from rolltrain_tui.base.safe_text import one_line, printable
    from rolltrain_tui.config.dtypes import in_its_dtype
    from rolltrain_tui.game import baseline
    from rolltrain_tui.modes import MODES, part_of
    from rolltrain_tui.modes import build as build_learner
    from rolltrain_tui.plain.signals import caught
    from rolltrain_tui.plain.views import SafeStream
    from rolltrain_tui.protocol.events import Evaluated
    from rolltrain_tui.protocol.inbox import Inbox
    from rolltrain_tui.protocol.learner import Evaluation, StepAbandoned
    from rolltrain_tui.runs import ghosts
    from rolltrain_tui.story.phrases import plus_minus

    baseline.check_writable(target)
    learner = build_learner(config, base=base)
    config = in_its_dtype(config, learner.info().dtype)
    if not force:
        ghosts.check_replaceable(target, baseline.recipe_of(config, learner.info().data_sha256), chosen=chosen)
    inbox, evaluations, talk = Inbox(), list[Evaluated](), SafeStream(sys.stderr)
    learner.should_stop = lambda: inbox.stopped
    turn = 0
    expert = part_of(config.kind, "expert", Evaluation) if MODES[config.kind].expert else None
    words = f"Training {one_line(config.name, 40)} plainly, {counted(config.turns, 'turn')}."
    with caught(inbox.stop) as signal, progress(config.turns, words) as show:
        try:
            line = expert(learner, config.evaluation.sequences) if expert else None
            known = baseline.expert_line(config, learner, line) if line is not None else None
            for event in known or baseline.plain_training(config, learner, at_camps=True):
                show(event)
                turn = event.turn
                evaluations += [event] if isinstance(event, Evaluated) else []
        except StepAbandoned:
            pass
    last = evaluations[-1]
    if last.turn < config.turns:
        talk.say(f"Stopped after turn {turn}; nothing is recorded.")
        return signal.exit_code or FAILED
    baseline.write(target, baseline.ghost_of(config, learner, evaluations))
    end = config.objective.text(last.value, 4) + plus_minus(last.standard_error, 4, ", plus or minus ")
    talk.say(f"The ghost of {counted(len(evaluations), 'evaluation')} ends at {end}.")
    click.echo(printable(target))
    return signal.exit_code
