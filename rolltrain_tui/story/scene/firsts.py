"""What deserves an explanation: the first event of each kind in a run."""

from rolltrain_tui.protocol import events as ev


class Firsts:
    """Remembers which kinds a run has seen."""

    def __init__(self) -> None:
        self._met: set[str] = set()
        self._choices = 0

    def meet(self, event: ev.Event) -> bool:
        """Whether this event is the first of its kind. A level that brings a choice is always explained."""
        kind = kind_of(event)
        if kind is None:
            return False
        first = kind not in self._met
        self._met.add(kind)
        if isinstance(event, ev.LevelGained):
            before, self._choices = self._choices, event.sheet.choices
            return first or event.sheet.choices > before
        return first


def kind_of(event: ev.Event) -> str | None:
    """The name under which an event is explained; None: it is not. Every act and every monster is a kind of its own."""
    match event:
        case ev.ActBegan():
            return f"act {event.number}"
        case ev.MonsterAppeared():
            return f"monster {event.monster}"
        case ev.LevelGained():
            return "level"
        case ev.Rested(kind="long"):
            return "camp"
        case ev.TwinJudged():
            return "verdict"
        case ev.HeroHurt() if event.hp <= 0:
            return "down"
        case ev.HeroFell():
            return "fall"
        case _:
            return None
