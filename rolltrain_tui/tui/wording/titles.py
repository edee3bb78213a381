"""What things are called on screen, made safe to show: a chronicle may come from a stranger."""

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.story.phrases import title


def titled(name: str, option: str = "") -> str:
    """An ability (with the option in use), a monster or a class."""
    return clean(f"{title(name)}: {title(option)}" if option else title(name))
