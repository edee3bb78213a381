"""What the screens build on inside of Textual, for which it has no public way: a version that changes it is told by name."""

import inspect
import re
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.screen import Screen

import rolltrain_tui

CALLS = {
    "tui/terminal/keyboard.py": [
        "textual._xterm_parser:XTermParser.feed(data)",
        "textual._xterm_parser:XTermParser.tick()",
        "textual._xterm_parser:XTermParser.parse_mouse_code(code)",
        "textual._xterm_parser:XTermParser._sequence_to_key_events(sequence, alt)",
    ],
    "tui/screens/dialogs/command_palette.py": ["textual.command:CommandPalette._action_command_list(action)"],
    "tui/dungeon/line.py": ["textual.widgets:Input._on_key(event)"],
    "tui/screens/kinds/curtain.py": ["textual.screen:Screen._compositor_refresh()"],
    "serve/app.py": [
        "textual._compositor:LayoutUpdate.render_segments(console)",
        "textual._compositor:Compositor.render_strips(size)",
        "textual._context:visible_screen_stack.set(value)",
    ],
}
if sys.platform != "win32":
    CALLS["tui/terminal/driver.py"] = [
        "textual.drivers.linux_driver:LinuxDriver._sigtstp_application(_)",
        "textual.drivers.linux_driver:LinuxDriver._sigcont_application(_)",
    ]
VALUES = {"tui/screens/kinds/curtain.py": (Screen, "_layout_required"), "serve/app.py": (App, "_batch_count")} | {
    "serve/app.py picture": (App, "_background_screens"),
    "serve/app.py compositor": (Screen, "_compositor"),
}


def gone(file: str, what: str) -> None:
    pytest.fail(
        f"Textual {version('textual')} has no {what} any more, and {file.split()[0]} builds on it: find its successor there, "
        "or hold Textual back in pyproject.toml"
    )


@pytest.mark.parametrize(("file", "call"), [(file, call) for file, calls in CALLS.items() for call in calls])
def test_what_is_called_or_replaced_is_there(file: str, call: str) -> None:
    """With the same arguments."""
    module, path, arguments = re.fullmatch(r"(.+):(.+)\((.*)\)", call).groups()  # type: ignore[union-attr]
    try:
        found: Any = import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        gone(file, f"{module}:{path}")
    names = [name for name in inspect.signature(found).parameters if name != "self"] if not inspect.isbuiltin(found) else ["value"]
    if names != (arguments.split(", ") if arguments else []):
        gone(file, f"{module}:{path}({arguments}), only one with ({', '.join(names)}),")


@pytest.mark.parametrize(("file", "kind", "name"), [(file, *value) for file, value in VALUES.items()])
def test_what_is_read_or_set_is_there(file: str, kind: type, name: str) -> None:
    """On the object, where its class does not have it."""
    if not hasattr(kind(), name):
        gone(file, f"{kind.__name__}.{name}")


def test_every_private_module_is_in_the_table() -> None:
    """An import of another one needs a row above."""
    root = Path(rolltrain_tui.__file__).parent
    taken = {
        (path.relative_to(root).as_posix(), module)
        for path in root.rglob("*.py")
        for module in re.findall(r"^(?:from|import) (textual\._\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert taken <= {(file, call.partition(":")[0]) for file, calls in CALLS.items() for call in calls}
