"""What a campaign on text says of itself."""

from collections.abc import Callable

import pytest

from rolltrain_tui.modes.text.config import TextConfig


@pytest.mark.parametrize(("shape", "words"), [((4, 128, 64), "795k"), ((12, 768, 1024), "85.7M"), ((96, 12288, 2048), "174.0B")])
def test_size(tiny_config: Callable[..., TextConfig], shape: tuple[int, int, int], words: str) -> None:
    """The size of a GPT in a word: this game's, GPT-2's without its vocabulary, GPT-3's."""
    config = tiny_config(f"model.n_layer={shape[0]}", f"model.n_head={shape[0]}", f"model.n_embd={shape[1]}", f"model.context={shape[2]}")
    assert f"{words} weights" == config.size


def test_an_older_campaign_ignores_what_pieces_share(tiny_config: Callable[..., TextConfig]) -> None:
    """A run that was saved before there was the line tells the errors that it told, and finds the ghost of its recipe."""
    config = tiny_config()
    told = config.model_dump()
    assert told["data"].pop("overlap") == "counted"
    older = TextConfig.model_validate(told)
    assert older.data.overlap == "ignored"
    assert older.recipe("text") == config.recipe("text")
