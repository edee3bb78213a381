"""Where the sentences of a game on a foreign loop are said."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from rolltrain_tui.integrations.session.talk import aloud


@pytest.mark.parametrize("bars", [True, False])
def test_a_sentence_is_said_once_on_standard_error(bars: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """By the library that draws progress bars, where one does, so that it stands above them."""
    through: list[str] = []

    def write(line: str, file: Any) -> None:
        through.append(line)
        print(line, file=file)

    if bars:
        monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace(tqdm=SimpleNamespace(write=write)))  # type: ignore[arg-type]
    else:
        monkeypatch.delitem(sys.modules, "tqdm", raising=False)
    aloud("A dragon comes.")
    assert capsys.readouterr() == ("", "A dragon comes.\n")
    assert through == ["A dragon comes."] * bars
