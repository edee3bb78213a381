"""An option with an empty value is a mistake, such as a shell variable that is not set: a sentence, and nothing was done."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.shell import Answer


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("play tutorial --hide", "'--hide': it is empty; name what is kept back"),
        ("compare tutorial --classes", "Name at least one class: "),
        ("compare tutorial --rulebooks", "Name at least one rulebook: "),
        ("arena create Tiny --preset", "there is no preset ''"),
        ("train tutorial --out", "it is empty; name a path"),
        ("duel tournament zeillinger random --name", "'' cannot be the name of a tournament"),
        ("dungeon --theme", "there is no theme ''"),
    ],
)
def test_an_empty_value_is_a_sentence(
    call: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = call(*words.split(), "")
    assert answer.code == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert not list(tmp_path.iterdir())
