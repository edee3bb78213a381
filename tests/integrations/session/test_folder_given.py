"""What may stand for a folder."""

from pathlib import Path

import pytest
from torch import nn
from torch.optim import SGD

import rolltrain_tui


@pytest.mark.parametrize(("folder", "kind"), [(3, "int"), (b"runs", "bytes"), (["runs"], "list")])
def test_a_folder_that_is_no_path_is_named(folder: object, kind: str) -> None:
    """With the keyword that was given, and what it was."""
    model = nn.Linear(2, 1)
    with pytest.raises(TypeError, match=f"folder must be a path, not a {kind}"):
        rolltrain_tui.session(model, SGD(model.parameters(), 0.1), folder=folder)  # type: ignore[arg-type]


def test_a_path_of_any_kind_is_a_folder(tmp_path: Path) -> None:
    """As a text or as a path."""
    model = nn.Linear(2, 1)
    for folder in (tmp_path / "a", str(tmp_path / "b")):
        rolltrain_tui.session(model, SGD(model.parameters(), 0.1), folder=folder).close()
