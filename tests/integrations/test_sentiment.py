import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from rolltrain_tui.integrations.sentiment import Words, loaders, main, review

pytestmark = pytest.mark.slow


def test_reviews_need_more_than_counting() -> None:
    """A third are negated, both answers are as frequent, every word is known, and training and test texts are of one making."""
    chance = random.Random(3)
    reviews = [review(chance) for _ in range(600)]
    assert 240 < sum(r["label"] for r in reviews) < 360
    words = Words()
    assert all(1 not in words([r["text"]])["input_ids"] for r in reviews)
    assert 150 < sum("n" == r["text"][:1] or "never" in r["text"] for r in reviews) < 250
    train, test = loaders(0)
    assert (len(train.dataset), len(test.dataset)) == (1024, 256)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("default")
def test_the_example_learns(tmp_path: Path) -> None:
    """Three epochs of the default dice, and the model knows nearly all of the other reviews."""
    told = CliRunner().invoke(main, ["--out", str(tmp_path), "--epochs", "3"])
    assert told.exit_code == 0, told.output
    assert float(told.output.rsplit(" ", 1)[1]) > 0.9


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    """A rulebook there is not, and a terminal that is not there."""
    wrong = CliRunner().invoke(main, ["--rulebook", "chess", "--out", str(tmp_path)])
    assert (wrong.exit_code, "rulebook must be one of" in wrong.output) == (1, True)
    nowhere = CliRunner().invoke(main, ["--play", "--out", str(tmp_path)])
    assert (nowhere.exit_code, "the game needs a terminal" in nowhere.output) == (1, True)
