"""The (bandit) prompt parts a line into words."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.cli.arena.repl import words_of

LINES = st.text(alphabet="ab C:\\'\"#\t", max_size=20)


@pytest.mark.parametrize(
    "line",
    [r"import_text C:\x\y.txt", r'import_text "C:\my texts\y.txt"', r"import_text 'C:\my texts\y.txt' # mine", r"import_text \\host\x\ "],
)
def test_paths_of_windows_keep_their_backslashes(line: str) -> None:
    """With and without quotation marks, at the end of a word too."""
    path = line.removeprefix("import_text ").removesuffix(" # mine").strip(" '\"")
    assert words_of(line, windows=True) == ["import_text", path]


@given(LINES)
def test_elsewhere_a_line_is_parted_as_a_shell_does(line: str) -> None:
    """A backslash takes the meaning of what follows; what a shell does not end is refused."""
    try:
        expected = shlex.split(line, comments=True)
    except ValueError:
        with pytest.raises(ValueError):
            words_of(line, windows=False)
    else:
        assert words_of(line, windows=False) == expected
