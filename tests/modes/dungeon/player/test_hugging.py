"""A Hugging Face model from a folder as the player of the dungeon. Models are made from configs; nothing is fetched."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.finetuning import lab, settings_of
from support.paths import BY, CAMPAIGNS, DUNGEON, HELD, TESTS

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.player.offers import read
from rolltrain_tui.protocol.effects import NEUTRAL

FROZEN = ("transformer.wte", "transformer.wpe", "transformer.h.0")


def learner(*overrides: str, folder: Path | None = None, freeze: tuple[str, ...] = ()) -> DungeonLearner:
    hf = json.dumps({"path": str(folder or lab().gpt), "freeze": list(freeze)})
    small = ("model.context=64", "play={games: 2, moves: 4, every: 2, temperature: 1.0}", "batch.moves=4", "evaluation.sequences=3")
    made = build(load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *small, f"hf={hf}", *overrides)), base=CAMPAIGNS)
    assert isinstance(made, DungeonLearner)
    return made


@pytest.mark.slow
def test_it_learns_near_its_reference_and_goes_on_from_a_save() -> None:
    """PPO with both distances, a value head and dropout: the turns after a save are those without the stop, to the last bit."""
    first, second = (learner(*HELD[:2], freeze=FROZEN) for _ in range(2))
    before = first.weights_sha256()
    for _ in range(3):
        report = first.step(NEUTRAL)
    assert report.measured["objective/kl"] != 0
    assert first.weights_sha256() != before
    second.load_state({name: tensor.clone() for name, tensor in first.tensors().items()}, first.state_dict())
    assert [second.step(NEUTRAL).loss for _ in range(2)] == [first.step(NEUTRAL).loss for _ in range(2)]
    assert second.weights_sha256() == first.weights_sha256()
    assert first.info().data_sha256 == second.info().data_sha256 != ""


@pytest.mark.slow
def test_it_can_be_loaded_after_a_model_of_the_games_own(request: pytest.FixtureRequest) -> None:
    """In one process: the stand-in for PyTorch's compiler gives way before transformers asks for it half-way."""
    if not request.config.getoption("--long"):
        pytest.skip("with --long only: a process that imports transformers")
    script = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}]\n"
        "from test_hugging import *\n"
        f"folder = Path({str(lab().gpt)!r})\n"
        "build(load(CAMPAIGNS / 'dungeon_first.yaml', DUNGEON), base=CAMPAIGNS).step(NEUTRAL)\n"
        "print(learner(folder=folder).step(NEUTRAL).finite)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, *sys.path)))}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert done.stdout.strip().endswith("True"), done.stderr[-2000:]


def test_the_reference_keeps_no_copy_of_what_is_frozen() -> None:
    """Frozen parts do not move, are not saved, and are shared with the reference."""
    hero = learner(*HELD[:2], freeze=FROZEN)
    frozen = {name: p.clone() for name, p in hero.player.named_parameters() if not p.requires_grad}
    assert len(frozen) > 10
    for _ in range(3):
        hero.step(NEUTRAL)
    assert all(torch.equal(p, frozen[name]) for name, p in hero.player.named_parameters() if name in frozen)
    assert hero.reference is not None
    assert hero.reference.weights.keys() == {name for name, p in hero.player.named_parameters() if p.requires_grad}
    assert not any("h.0." in name for name in hero.tensors())


def test_commands_side_by_side_are_read_as_alone() -> None:
    hero = learner()
    hero.player.eval()
    texts, commands = ["you are in the hall", "a tavern under the hill"], [["look", "take the red key"], ["sings", "go"]]
    together = hero.player(read(hero.reading.vocabulary, texts, commands, 64)).logits.detach()
    for row, (text, offered) in enumerate(zip(texts, commands, strict=True)):
        alone = hero.player(read(hero.reading.vocabulary, [text], [offered], 64)).logits.detach()
        assert torch.allclose(together[row], alone[0], atol=1e-5)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (("model.context=65",), "65 tokens are more than the 64"),
        (("ppo=null", BY["decision"]), "write hf: null"),
    ],
)
def test_what_a_model_cannot_do_is_told_in_words(overrides: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        learner(*overrides)


def test_a_folder_without_a_model_is_told_in_words(tmp_path: Path) -> None:
    """No folder, no such part to freeze, and settings that are none."""
    with pytest.raises(ValueError, match=r"."):
        learner(folder=tmp_path / "nothing")
    with pytest.raises(ValueError, match="no parameter's name begins with 'attic'"):
        learner(freeze=("attic",))
    shutil.copytree(lab().gpt, tmp_path / "gpt")
    settings_of(tmp_path / "gpt", model_type="dragon")
    with pytest.raises(ValueError, match="dragon"):
        learner(folder=tmp_path / "gpt")
