"""Where a run was trained, by its own word, and how that differs from where it is trained again."""

from collections.abc import Iterator
from dataclasses import dataclass

from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.protocol.events import CampaignBegan, MachineChanged
from rolltrain_tui.protocol.machine import Machine
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.saves import slots
from rolltrain_tui.runs.verification.reexecution import StartPoint
from rolltrain_tui.training.machine.machine_kind import this_machine


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What is known of the machines that trained a run."""

    differences: str
    """How they differ from this one, in words; "" where they do not."""
    told: bool
    """The run tells the kind of its machine. Runs that were recorded before they told it do not."""

    @property
    def same_kind(self) -> bool:
        return self.told and not self.differences


def whereabouts(start: StartPoint) -> Whereabouts:
    """What the first line of the chronicle, its changes of machine and the saves tell."""
    info = start.campaign.learner.info()
    here = this_machine(threads=info.threads, device=info.device)
    path = start.run / layout.CHRONICLE
    began = next(iter(event_log.read(path)), None)
    manifests = [manifest for _, manifest in slots.newest_first(start.run) if manifest is not None]
    machines = [manifest.machine for manifest in manifests] or [None]
    machines += list(_moved(start))
    told: list[tuple[str, str, str]] = []
    if isinstance(began, CampaignBegan):
        machines = [began.machine, *(machine for machine in machines if machine is not None)]
        told = [("device", began.device, info.device), ("dtype", began.dtype, info.dtype)]
    if manifests:  # an older save tells these two
        told += [("torch", manifests[0].torch, here.torch), ("threads", str(manifests[0].threads), str(here.threads))]
    for machine in machines:
        told += machine.differences(here) if machine is not None else ()
    return Whereabouts(_in_words(told), told=None not in machines)


def _moved(start: StartPoint) -> Iterator[Machine]:
    path = start.run / layout.CHRONICLE
    if event_log.mentions(path, MachineChanged):
        yield from (event.machine for event in event_log.read(path) if isinstance(event, MachineChanged))


def _in_words(told: list[tuple[str, str, str]]) -> str:
    apart = dict.fromkeys(f"{name} {theirs} there, {ours} here" for name, theirs, ours in told if theirs != ours)
    return one_line(", ".join(apart), 300)
