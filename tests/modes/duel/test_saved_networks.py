"""Networks of other runs in the pool of a campaign."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.paths import CAMPAIGNS, DUEL, RIVALS, TINY
from support.shell import Answer
from support.views import headless

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import dump, load
from rolltrain_tui.modes.duel.game import Boards, begun
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.runs.open import SavedRun
from rolltrain_tui.runs.run import Run

QUIET = ("turns=3", "encounters.mode=off", "diagnosis.examine=false", "speech.every=0", "save={autosave_every: 3, keep: 1}")


def duel(*more: str) -> Any:
    return load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *QUIET, *more))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of an agent beside a host that learns too, of three turns."""
    run = Run.begin(duel(*RIVALS), base=CAMPAIGNS, runs=tmp_path_factory.mktemp("runs"))
    headless(run, ())
    return run.folder


@pytest.mark.slow
@pytest.mark.parametrize("hero", ["host", "agent"])
@pytest.mark.parametrize("part", ["", "saves/turn-000003"])
def test_the_network_of_a_run_plays_as_it_was_saved(played: Path, hero: str, part: str) -> None:
    """Of a run the newest save; the role that the pool needs, the hero's or the rival's. Copies and two of the same agree."""
    judges = "first" if hero == "host" else "zeillinger"
    settings = (f"table.hero={hero}", f"table.opponents=['saved:{played / part}', {judges}]", f"table.judges=[{judges}]")
    one, other = (build(duel(*settings), base=CAMPAIGNS) for _ in range(2))
    [((role, name), net)] = one.pool.saved.items()
    there = saved_learner(played)
    side = there.side if hero == "host" else there.rival
    assert role == side.role != hero
    boards = begun(Boards.random(20, 6, 3, 9, torch.Generator().manual_seed(1)))
    chosen, chance = torch.ones(3, 20, dtype=torch.bool), torch.zeros(20)
    given = (boards, chosen, chance) if role == "agent" else (boards, chance)
    assert torch.equal(one.pool.against(hero)[name](*given), side.seat(side.nets.online)(*given))
    assert one.step(NEUTRAL).loss == other.step(NEUTRAL).loss
    assert one.fork().step(NEUTRAL).loss == one.step(NEUTRAL).loss
    assert one.info().data_sha256 == other.info().data_sha256 != ""
    assert not any(p.requires_grad for p in net.parameters())


def saved_learner(run: Path) -> Any:
    saved = SavedRun.read(run)
    return saved.open(saved.config()).learner


@pytest.mark.slow
def test_a_network_that_cannot_sit_there_is_refused_in_words(played: Path, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """Not there, damaged, of another kind, of the wrong role, for another game: `rolltrain check` says so at its place, as a start does."""
    text = Run.begin(load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *QUIET)), base=CAMPAIGNS, runs=tmp_path)
    headless(text, ())
    host = Run.begin(duel(), base=CAMPAIGNS, runs=tmp_path)
    headless(host, ())
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "campaign.yaml").write_text((played / "campaign.yaml").read_text())
    (broken / "weights.safetensors").write_bytes(b"nothing")
    cases = {
        tmp_path / "nowhere": "there is no run of a duel at",
        broken: "is damaged",
        text.folder: "is a run of kind supervised, which plays no duel",
        host.folder: "has learned as host, and this pool needs a network of the agent",
    }
    settings = {(f"table.opponents=[first, 'saved:{path}']",): words for path, words in cases.items()}
    for other, words in (("game.dimension=4", "has learned with 3 coordinates"), ("game.points=9", "reads at most 6 points")):
        settings[f"table.opponents=[first, 'saved:{played}']", other] = words
    for given, words in settings.items():
        with pytest.raises(ValueError, match=words) as refused:
            build(duel(*given), base=CAMPAIGNS)
        (tmp_path / "own.yaml").write_text(dump(duel(*given)), "utf-8")
        answer = call("check", tmp_path / "own.yaml")
        assert answer.code == 2
        assert answer.err.partition("table.opponents.1: ")[2].strip() == str(refused.value)
    hosts = ("rival.opponents=['saved:elsewhere']",)
    (tmp_path / "own.yaml").write_text(dump(duel(*RIVALS, *hosts)), "utf-8")
    assert "rival.opponents.0: there is no run of a duel at " in call("check", tmp_path / "own.yaml").err
    shutil.copytree(played, tmp_path / "beside")
    (tmp_path / "own.yaml").write_text(dump(duel("table.opponents=['saved:beside']")), "utf-8")
    assert call("check", tmp_path / "own.yaml").code == 0


@pytest.mark.slow
def test_a_run_whose_opponent_has_changed_does_not_go_on(played: Path, tmp_path: Path) -> None:
    """It would be another run from there on: the save knows the hash of the networks that it plays against."""
    opponent = tmp_path / "opponent"
    shutil.copytree(played / "saves" / "turn-000003", opponent)
    run = Run.begin(duel(f"table.opponents=['saved:{opponent}']"), base=CAMPAIGNS, runs=tmp_path / "runs")
    headless(run, ())
    assert Run.resume(run.folder) is not None
    other = Run.begin(duel(*RIVALS, "seed=8"), base=CAMPAIGNS, runs=tmp_path / "runs")
    headless(other, ())
    shutil.copy(other.folder / "saves" / "turn-000003" / "weights.safetensors", opponent)
    with pytest.raises(ValueError, match="not what the run had learned from"):
        Run.resume(run.folder)
