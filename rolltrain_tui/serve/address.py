"""Where to look: the address of the room and its QR code, in the terminal and on the game's screen."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from rolltrain_tui.tui.screens.kinds.dialog import Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open

HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
"""Two cells of the code, one above the other, in a character."""
QUIET = 2
"""Cells around the code."""
LOOK_SECONDS = 0.5


def qr_lines(text: str) -> list[str]:
    """A QR code in half blocks: dark on light."""
    import segno

    rows = [[bool(cell) for cell in row] for row in segno.make(text, error="l", micro=False).matrix_iter(border=QUIET)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return ["".join(HALVES[upper, lower] for upper, lower in zip(*pair, strict=True)) for pair in zip(rows[::2], rows[1::2], strict=True)]


def warning(public: bool) -> str:
    """What to know about the way in."""
    if not public:
        return "Only this machine can open it. --host 0.0.0.0 lets the network in."
    return "Plain HTTP: everybody on this network can reach the door and could read along. Whoever has the address can watch."


class AddressScreen(Dialog[None]):
    """The code, the address, and how many watch. Any of Enter, Escape, w and q closes it."""

    CSS_PATH = "address.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-tight"), (76, "-roomy")]  # noqa: RUF012 - Textual's own class attribute
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,w,q,space", "dismiss", "Close")]

    def __init__(self, address: str, public: bool, watching: Callable[[], int]) -> None:
        super().__init__()
        self._address, self._public, self._watching = address, public, watching

    def compose(self) -> ComposeResult:
        with Horizontal(id="address"):
            yield Static(Content("\n".join(qr_lines(self._address))), id="address-code")
            with Vertical(id="address-words"):
                yield Static(Content("Watch along"), classes="address-title")
                yield Static(Content(self._broken()), id="address-text")
                yield Static(
                    Content("Scan the code, or type the address. A laptop shows this screen, a phone a page of its own."), id="address-how"
                )
                yield Static(Content(warning(self._public)), classes="address-warning")
                yield Static(id="address-count")
                yield Static(Content("Enter goes on. w shows this again."), classes="address-hint")

    @while_open
    def on_mount(self) -> None:
        self._count()
        self.set_interval(LOOK_SECONDS, self._count)

    @while_open
    def _count(self) -> None:
        self.query_one("#address-count", Static).update(Content(watching_words(self._watching())))

    def _broken(self) -> str:
        """The address before and after its #, each on a line of its own: it may be longer than the panel is wide."""
        base, _, token = self._address.partition("#")
        return f"{base}\n#{token}"


def watching_words(number: int) -> str:
    return {0: "Nobody watches yet.", 1: "1 browser watches."}.get(number, f"{number} browsers watch.")


def words_for_the_terminal(address: str, public: bool, *, code: bool) -> Sequence[str]:
    """The address, for a server without a screen; with its code where somebody can scan that."""
    lines = [f"\x1b[30;107m{line}\x1b[0m" for line in qr_lines(address)] if code else []
    return [*lines, f"Watch along: {address}", warning(public)]
