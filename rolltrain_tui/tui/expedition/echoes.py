"""Events that the player hears of on the line above the keys, besides what the panels and the log tell."""

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.story.narration import tell
from rolltrain_tui.tui.widgets.notice import Stays
from rolltrain_tui.tui.wording.titles import titled

Echo = tuple[str, str, Stays]
"""Text, tone, and how long it stays."""


def echo_of(event: ev.Event, objective: Objective) -> Echo | None:
    """What is said at this event; None: nothing."""
    match event:
        case ev.CommandAccepted() | ev.Saved(reason="player"):
            return f"✔ {tell(event)}", "good", "not"
        case ev.RoomVoted():
            return f"≡ {tell(event)}", "accent", "not"
        case ev.CommandRefused():
            return f"✖ {tell(event)}", "warn", "not"
        case ev.SaveFailed():
            return f"✖ {tell(event)}", "bad", "always"
        case ev.LevelGained():
            return f"▲ {tell(event)}", "accent", "not"
        case ev.GateFaced():
            return f"Π {tell(event, objective)}", "good" if event.opened else "warn", "not"
        case ev.MonsterAppeared():
            return f"‡ {tell(event)}", "warn", "not"
        case ev.ActBegan():
            return f"§ {clean(event.title)}: {clean(event.text)}", "accent", "not"
        case ev.TwinJudged():
            return tell(event, objective), "accent", "not"
        case ev.ForetellingJudged():
            return f"{'★' if event.inspired else '✖'} {tell(event, objective)}", "accent" if event.inspired else "warn", "not"
        case ev.ItemFound():
            return f"+ {titled(event.item)}: b opens the bag.", "accent", "not"
    return None
