"""Other runs of the same campaign, to lay over this one: earlier attempts and branches."""

from pathlib import Path

from rolltrain_tui.protocol.events import CampaignBegan
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import ChronicleError
from rolltrain_tui.story.scene.history import History

MOST = 3


def others_of(run: Path, campaign: str, objective: Objective) -> list[tuple[str, History]]:
    """Folder name and history of the newest other runs beside `run`; damaged ones are left out."""
    found: list[tuple[str, History]] = []
    for folder in _newest_first(run):
        if len(found) == MOST:
            break
        try:
            if _is_alike(folder, campaign, objective):
                found.append((folder.name, History.of(event_log.read(folder / layout.CHRONICLE))))
        except (ChronicleError, OSError):
            continue
    return found


def _newest_first(run: Path) -> list[Path]:
    try:
        logs = [child / layout.CHRONICLE for child in run.parent.iterdir() if child.name != run.name and not child.name.startswith(".")]
        dated = [(log.stat().st_mtime, log.parent) for log in logs if log.is_file()]
    except OSError:
        return []
    return [folder for _, folder in sorted(dated, reverse=True)]


def _is_alike(folder: Path, campaign: str, objective: Objective) -> bool:
    began = next(event_log.read(folder / layout.CHRONICLE), None)
    return isinstance(began, CampaignBegan) and (began.campaign, began.objective) == (campaign, objective)
