"""What `rolltrain verify` does: the run is found, trained again with a progress bar, and compared. Loads torch."""

import sys
from pathlib import Path

import torch

from rolltrain_tui.plain.views import BarView, QuietView, SafeStream, View
from rolltrain_tui.protocol.events import CampaignBegan, Event
from rolltrain_tui.runs import event_log, saves
from rolltrain_tui.runs.reexecution import StartPoint, from_save, from_the_beginning
from rolltrain_tui.runs.saves import layout
from rolltrain_tui.runs.verification import TOLERANCE, Findings, Verification
from rolltrain_tui.story.scene import Scene


def examine(
    path: Path, *, heavy: bool, until: int | None, tolerance: float | None, exact: bool, device: str | None
) -> tuple[Findings, str]:
    """The findings, and in what this machine is not the one that trained the run ("" when nothing is known to differ). ValueError."""
    run = saves.run_of(path)
    start = from_the_beginning(run, device) if path.resolve() == run else from_save(path, device)
    elsewhere = _elsewhere(start)
    if tolerance is None and elsewhere and not exact:
        tolerance = TOLERANCE
    scene = Scene()
    face: View = BarView(sys.stderr) if sys.stderr.isatty() else QuietView(SafeStream(sys.stderr))
    face.open(scene, until or start.campaign.config.turns)

    def watch(event: Event) -> None:
        scene.apply(event)
        face.show(event)

    try:
        findings = Verification(start, tolerance=tolerance, heavy=heavy, until=until, watch=watch).run()
    finally:
        face.close()
    return findings, elsewhere


def _elsewhere(start: StartPoint) -> str:
    """As far as the saves and the first line of the chronicle tell."""
    began = next(iter(event_log.read(start.run / layout.CHRONICLE)), None)
    facts = start.campaign.learner.info()
    told = [("device", began.device, facts.device), ("dtype", began.dtype, facts.dtype)] if isinstance(began, CampaignBegan) else []
    manifest = next((manifest for _, manifest in layout.slots(start.run) if manifest is not None), None)
    if manifest is not None:
        told += [("torch", manifest.torch, str(torch.__version__)), ("threads", str(manifest.threads), str(facts.threads))]
    return ", ".join(f"{name} {theirs} there, {ours} here" for name, theirs, ours in told if theirs != ours)
