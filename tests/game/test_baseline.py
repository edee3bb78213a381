"""The ghost and the gate it keeps: recorded, read back, interpolated, faced, and carried along by every save."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ghosts import record
from support.paths import CAMPAIGNS

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline as ghosts
from rolltrain_tui.game.baseline import Ghost, GhostError, plain_training
from rolltrain_tui.game.setup import new_game
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.events import (
    CampaignBegan,
    Evaluated,
    Event,
    GateFaced,
    GhostPoint,
    GhostSeen,
    LevelGained,
    Rested,
    Saved,
    StepTaken,
    XPGained,
)
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.rules.health.gate import Gate, ghost_value
from rolltrain_tui.rules.hero.levels import xp_of_level
from rolltrain_tui.rules.life import Life
from rolltrain_tui.runs.layout import CHRONICLE, GHOST
from rolltrain_tui.runs.log.event_log import story_sha256
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification
from rolltrain_tui.story.narration import tell

PLAIN = ("dice.rulebook=off", "encounters.mode=off")
Configure = Callable[..., CampaignConfig]
T = TypeVar("T")


def recorded(config: CampaignConfig) -> Ghost:
    return record(config, build_learner(config, base=CAMPAIGNS))


def point(turn: int, value: float) -> GhostPoint:
    return GhostPoint(turn, value, value, 0.01)


POINTS = (point(0, 4.0), point(10, 3.0), point(30, 2.0))


_texts: dict[str, str] = {}


@pytest.fixture
def ghost_file(tiny_config: Configure, tmp_path: Path) -> Path:
    """The ghost of the tiny campaign, on the disk; trained once for all tests."""
    path = tmp_path / "ghost.json"
    if "tiny" not in _texts:
        _texts["tiny"] = ghosts.text_of(recorded(tiny_config()))
    path.write_text(_texts["tiny"])
    return path


def begin(config: CampaignConfig, runs: Path, ghost_file: Path | None) -> Run:
    return Run.begin(config, base=CAMPAIGNS, runs=runs, ghost_files=[ghost_file] if ghost_file else [])


def play(expedition: Run, stop_after: int | None = None) -> list[Event]:
    inbox, events = Inbox(), []
    for event in expedition.play(inbox):
        events.append(event)
        if isinstance(event, StepTaken) and event.turn == stop_after:
            inbox.stop()
    return events


def of(kind: type[T], events: list[Event]) -> list[T]:
    return [event for event in events if isinstance(event, kind)]


# What a ghost is.


def test_a_ghost_recorded_twice_is_the_same(tiny_config: Configure) -> None:
    """Plain training is deterministic, and dice, monsters and hero have no part in it."""
    first = recorded(tiny_config())
    assert first == recorded(tiny_config("encounters.mode=both", "hero.hero_class=wizard", "hero.auto=[]", "dice.rulebook=source"))
    assert [0, 4, 5, 8, 10, 12] == [point.turn for point in first.points]  # every evaluation and every camp


def test_a_ghost_takes_every_update_as_it_is(tiny_config: Configure) -> None:
    """In each turn the step is plain: k asked is 1, none is measured, and no lever is pulled."""
    config = tiny_config()
    steps = [event for event in plain_training(config, build_learner(config, base=CAMPAIGNS)) if isinstance(event, StepTaken)]
    assert [(1.0, None, ())] * 12 == [(step.k_requested, step.k_effective, step.levers) for step in steps]


def test_a_ghost_reads_back_as_it_was_written(ghost_file: Path, tiny_config: Configure) -> None:
    """To the last bit, losses that are not numbers included."""
    ghost = ghosts.read(ghost_file)
    assert ghost == recorded(tiny_config())
    burst = replace(ghost, points=(*ghost.points, point(13, math.inf)))
    assert burst == ghosts.parse(ghosts.text_of(burst))
    assert ghost_file.read_text().isascii()


@pytest.mark.parametrize(
    "change",
    [
        "turns=13",
        "data.corpus=tales",
        "data.validation_fraction=0.2",
        "model.n_embd=18",
        "optimizer.learning_rate=5e-3",
        "schedule.decay=constant",
        "batch.sequences=5",
        "device.dtype=bfloat16",
        "evaluation.sequences=9",
    ],
)
def test_what_decides_plain_training_is_in_the_recipe(tiny_config: Configure, ghost_file: Path, change: str) -> None:
    """One such value changed, and the ghost is of another campaign; the reason names it."""
    config = tiny_config(change)
    sha256 = dict(ghosts.read(ghost_file).recipe)["data.sha256"].strip('"')
    found, note = ghosts.find(ghost_file, ghosts.recipe_of(config, sha256))
    assert found is None
    assert change.partition("=")[0] in note
    assert "rolltrain ghost" in note


@pytest.mark.parametrize(
    "change", ["seed=99", "dice.rulebook=source", "encounters.mode=off", "twin.mode=always", "hero.level=5", "camps.every=3", "gate.xp=7"]
)
def test_what_does_not_decide_plain_training_is_free(tiny_config: Configure, ghost_file: Path, change: str) -> None:
    """Dice, hero, monsters and the seed may differ."""
    ghost = ghosts.read(ghost_file)
    sha256 = dict(ghost.recipe)["data.sha256"].strip('"')
    assert (ghost, "") == ghosts.find(ghost_file, ghosts.recipe_of(tiny_config(change), sha256))


def test_another_text_is_another_recipe(tiny_config: Configure, ghost_file: Path) -> None:
    """The text counts by what it says, not by its name."""
    found, note = ghosts.find(ghost_file, ghosts.recipe_of(tiny_config(), "0" * 64))
    assert (None, True) == (found, "another text" in note)


@pytest.mark.parametrize(("dtype", "same"), [("float32", True), ("bfloat16", False)])
def test_an_older_ghost_was_trained_in_the_dtype_that_was_chosen_for_it(tiny_config: Configure, dtype: str, same: bool) -> None:
    """It was recorded as "auto"; today's campaigns name what auto chose."""
    then, now = (ghosts.recipe_of(tiny_config(f"device.dtype={name}"), "0" * 64) for name in ("auto", dtype))
    ghost = ghosts.Ghost("tiny", 1, "2.10", "cpu", "float32", then, POINTS)
    assert ("" if same else 'was made with device.dtype "float32", and here it is "bfloat16"') == ghosts.difference(ghost, now)


def test_no_file_is_no_ghost_and_no_complaint(tmp_path: Path) -> None:
    """Campaigns need none."""
    assert (None, "") == ghosts.find(tmp_path / "ghost.json", ())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"turn":4', '"turn":3', "checksum"),
        ('"seed": 1', '"seed": 2', "checksum"),
        ('"seed": 1', '"seed": "1"', "whole number"),
        ('"rolltrain_ghost": 1', '"rolltrain_ghost": 2', "another version"),
        ('"rolltrain_ghost": 1,', "", "not a ghost"),
        ('"points"', '"pints"', "no field 'pints'"),
        ('"seed": 1,', '"seed": 1, "seed": 1,', "twice"),
        ("\n}\n", "", "not JSON"),
    ],
)
def test_a_damaged_ghost_is_told(ghost_file: Path, old: str, new: str, words: str) -> None:
    """What is wrong, in which file, and what to do; in one printable line."""
    text = ghost_file.read_text().replace('"seed": 7', '"seed": 1')
    ghost_file.write_text(text.replace(old, new))
    with pytest.raises(GhostError, match=words) as caught:
        ghosts.read(ghost_file)
    message = str(caught.value)
    assert message.isprintable()
    assert "ghost.json" in message
    assert "rolltrain ghost" in message


@pytest.mark.parametrize("content", [b"", b"[]", b"\x1b[2J\xff", b"null", b'{"turn": 1}', b"[" * 5000])
def test_a_foreign_file_is_no_ghost(tmp_path: Path, content: bytes) -> None:
    """Whatever it holds, the answer is a GhostError that a terminal can show."""
    path = tmp_path / "x\x1b[2J.json"
    path.write_bytes(content)
    with pytest.raises(GhostError) as caught:
        ghosts.read(path)
    assert str(caught.value).isprintable()


def test_a_ghost_is_never_read_through_a_link(ghost_file: Path) -> None:
    """Links and pipes are left alone."""
    link = ghost_file.with_name("link.json")
    link.symlink_to(ghost_file)
    with pytest.raises(GhostError, match="not a plain file"):
        ghosts.read(link)


# Between two evaluations.


def test_the_ghost_walks_in_straight_lines() -> None:
    """Linear between evaluations, exact at them, level before the first and after the last."""
    assert [4.0, 3.5, 3.0, 2.5, 2.0, 2.0] == [ghost_value(POINTS, turn) for turn in (0, 5, 10, 20, 30, 99)]
    assert 4.0 == ghost_value(POINTS[:1], 7)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.floats(0, 100))
@settings(deadline=None, derandomize=True)
def test_the_ghost_keeps_between_its_neighbours(losses: list[float], turn: float) -> None:
    """Nowhere does it leave the range of what was recorded."""
    points = [point(10 * place, loss) for place, loss in enumerate(losses)]
    assert min(losses) - 1e-9 <= ghost_value(points, turn) <= max(losses) + 1e-9


@pytest.mark.parametrize("burst", [math.nan, math.inf])
def test_a_plain_run_that_burst_is_as_bad_as_can_be(burst: float) -> None:
    """Where its loss was no number, every number passes, and what is not one does not."""
    gate = Gate((point(0, 4.0), point(10, burst)), 0.05, 100)
    assert math.inf == gate.bar(5) == gate.bar(10)
    assert (True, False, False) == (gate.opens(5, 900.0), gate.opens(5, math.nan), gate.opens(5, math.inf))
    assert 4.05 == gate.bar(0)
    assert 4.05 == Gate((point(0, burst), point(10, 4.0)), 0.05, 100).bar(10)


# The gate.


def a_life(config: CampaignConfig, xp: int) -> Life:
    life = new_game(config).life
    life.gain_xp(0, xp, "the past")
    return life


def test_a_gate_opens_at_the_bar_and_shuts_above_it(tiny_config: Configure) -> None:
    """val <= ghost + tolerance, and the fact carries all three numbers."""
    gate = Gate(POINTS, 0.25, 100)
    for value, opened in ((3.25, True), (math.nextafter(3.25, 4), False), (math.nan, False)):
        fact = a_life(tiny_config(), 0).face_gate(10, gate, value)[0]
        assert isinstance(fact, GateFaced)
        assert (3.0, 3.25, opened) == (fact.ghost, fact.bar, fact.opened)


def test_an_open_gate_gives_xp_and_the_levels_that_come_with_it(tiny_config: Configure) -> None:
    """XP go up by gate.xp, and a level is gained where they reach it."""
    life = a_life(tiny_config("xp.table=srd"), 250)
    facts = life.face_gate(10, Gate(POINTS, 0.0, 100), 2.9)
    assert (350, 2) == (life.hero.xp, life.hero.level)
    assert [100] == [fact.amount for fact in facts if isinstance(fact, XPGained)]
    assert any(isinstance(fact, LevelGained) for fact in facts)


@cache
def shipped_tiny_gpt() -> CampaignConfig:
    return load(CAMPAIGNS / "tiny_gpt.yaml")


@given(xp=st.integers(0, 20_000), stake=st.integers(0, 5_000))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_shut_gate_takes_half_and_never_a_level(xp: int, stake: int) -> None:
    """XP fall by half the stake, at most to the number where the level began; the facts say by how much."""
    life = a_life(shipped_tiny_gpt(), xp)
    level, floor = life.hero.level, xp_of_level(life.rules.xp_table, life.hero.level)
    facts = life.face_gate(10, Gate(POINTS, 0.0, stake), 3.5)
    assert max(floor, xp - stake // 2) == life.hero.xp
    assert level == life.hero.level
    assert isinstance(facts[0], GateFaced)
    assert life.hero.xp - xp == facts[0].xp == sum(fact.amount for fact in facts if isinstance(fact, XPGained))


def test_the_gate_is_faced_before_the_rest(tiny_config: Configure, tmp_path: Path, ghost_file: Path) -> None:
    """At each camp, on an evaluation of that very turn, so that what it brings belongs to the place to wake at."""
    expedition = begin(tiny_config("camps.every=6"), tmp_path, ghost_file)
    events = play(expedition)
    (gate,) = of(GateFaced, events)
    check = next(event for event in of(Evaluated, events) if event.turn == 6)
    assert (6, check.value) == (gate.turn, gate.value)
    rest = next(event for event in of(Rested, events) if event.kind == "long")
    assert events.index(check) < events.index(gate) < events.index(rest)
    assert all(tell(event) for event in (gate, *of(GhostSeen, events)))


def test_the_ghost_is_seen_first(tiny_config: Configure, tmp_path: Path, ghost_file: Path) -> None:
    """Right after the beginning, whole: screens, chronicle and replays have it."""
    events = play(begin(tiny_config(), tmp_path, ghost_file))
    assert isinstance(events[0], CampaignBegan)
    assert GhostSeen(0, 1, ghosts.read(ghost_file).points) == replace(events[1], seed=1)  # type: ignore[type-var]


@pytest.mark.parametrize("extra", [("gate.mode=off",), None], ids=["off", "no ghost"])
def test_without_ghost_or_by_wish_there_is_no_gate(
    tiny_config: Configure, tmp_path: Path, ghost_file: Path, extra: tuple[str, ...] | None
) -> None:
    """And no evaluation is made for one."""
    events = play(begin(tiny_config(*(extra or ())), tmp_path, ghost_file if extra else None))
    assert [] == of(GateFaced, events)
    assert [0, 4, 8, 12] == [event.turn for event in of(Evaluated, events)]


def test_a_plain_campaign_is_its_own_ghost(tiny_config: Configure, tmp_path: Path, ghost_file: Path) -> None:
    """Under `off`, without encounters or abilities, every evaluation is the ghost's to the last bit, and every gate opens."""
    events = play(begin(tiny_config(*PLAIN, "gate.tolerance=0"), tmp_path, ghost_file))
    points = {point.turn: point for point in ghosts.read(ghost_file).points}
    for check in of(Evaluated, events):
        assert points[check.turn] == GhostPoint(check.turn, check.train_loss, check.value, check.standard_error)
    assert [(5, True), (10, True)] == [(gate.turn, gate.opened) for gate in of(GateFaced, events)]


# Kept.


@pytest.mark.slow
@pytest.mark.parametrize("stop_after", [1, 5, 7])
def test_resumed_with_a_ghost_equals_uninterrupted(tiny_config: Configure, tmp_path: Path, ghost_file: Path, stop_after: int) -> None:
    """Same weights and same story, though the file beside the campaign is gone by then."""
    config = tiny_config("encounters.chance=1.0", "encounters.mode=random")
    straight = begin(config, tmp_path / "a", ghost_file)
    play(straight)
    first = begin(config, tmp_path / "b", ghost_file)
    play(first, stop_after)
    kept = ghosts.read(ghost_file)
    ghost_file.unlink()
    second = Run.resume(first.folder)
    play(second)
    assert (kept, "") == (second.campaign.ghost, second.note)
    assert straight.campaign.learner.weights_sha256() == second.campaign.learner.weights_sha256()
    assert story_sha256(straight.folder / CHRONICLE) == story_sha256(second.folder / CHRONICLE)


def test_a_run_and_its_branches_keep_a_copy(tiny_config: Configure, tmp_path: Path, ghost_file: Path) -> None:
    """In the run folder, readable as any ghost."""
    expedition = begin(tiny_config(), tmp_path, ghost_file)
    events = play(expedition)
    branch = Run.resume(Path(of(Saved, events)[-2].path))
    assert branch.folder != expedition.folder
    assert ghosts.read(ghost_file) == ghosts.read(expedition.folder / GHOST) == ghosts.read(branch.folder / GHOST)


def test_a_ghost_of_another_campaign_is_not_used(tiny_config: Configure, tmp_path: Path, ghost_file: Path) -> None:
    """The player is told why, and plays without it."""
    expedition = begin(tiny_config("optimizer.learning_rate=1e-4"), tmp_path, ghost_file)
    assert "optimizer.learning_rate" in expedition.note
    assert [] == of(GhostSeen, play(expedition))


@pytest.mark.slow
def test_a_save_opened_as_another_campaign_parts_with_its_ghost(tiny_config: Configure, tmp_path: Path, ghost_file: Path) -> None:
    """A bar that was set by other training is no bar: not in the run, and not when it is verified."""
    first = begin(tiny_config(), tmp_path, ghost_file)
    play(first, 7)
    second = Run.resume(first.folder, ["turns=20"])
    assert (None, None) == (second.campaign.ghost, second.campaign.gate)
    assert "turns 12, and here it is 20" in second.note
    play(second)
    assert [5] == [gate.turn for gate in of(GateFaced, list(second.story))]
    found = Verification(from_the_beginning(second.folder), tolerance=None, watch=lambda event: None).run()
    assert (None, 20) == (found.difference, found.last_turn)


# The command line.


def test_the_verb_records_beside_the_campaign_and_train_finds_it(tiny_config: Configure, tmp_path: Path) -> None:
    """`rolltrain ghost` writes ghosts/NAME.json, prints where, and the next run has its gates."""
    from rolltrain_tui.cli.main import rolltrain
    from rolltrain_tui.modes.campaign_file import dump

    campaign = tmp_path / "quest.yaml"
    campaign.write_text(dump(tiny_config("gate.mode=ghost")), encoding="utf-8")
    done = CliRunner().invoke(rolltrain, ["ghost", str(campaign)], catch_exceptions=False, standalone_mode=False)
    target = tmp_path / "ghosts" / "quest.json"
    assert (0, f"{target}\n") == (done.return_value, done.stdout)
    told = CliRunner().invoke(rolltrain, ["train", str(campaign), "--plain", "--out", str(tmp_path / "runs")], catch_exceptions=False)
    assert "A ghost walks along" in told.stdout
    assert "Validation Gate" in told.stdout


@pytest.mark.parametrize("target", ["nowhere/ghost.json", "."])
def test_a_place_that_cannot_be_written_is_told_before_training(tiny_config: Configure, tmp_path: Path, target: str) -> None:
    """With the way out."""
    with pytest.raises(GhostError, match="--out"):
        ghosts.check_writable(tmp_path / target)


@pytest.mark.slow
def test_every_ghost_that_is_shipped_belongs_to_its_campaign() -> None:
    """A shipped campaign whose plain training was changed needs a new recording."""
    found = sorted((CAMPAIGNS / ghosts.FOLDER).glob("*.json"))
    assert {"tutorial", "tiny_gpt"} <= {path.stem for path in found}
    for path in found:
        config = load(CAMPAIGNS / f"{path.stem}.yaml")
        sha256 = build_learner(config, base=CAMPAIGNS).info().data_sha256
        assert "" == ghosts.difference(ghosts.read(path), ghosts.recipe_of(config, sha256))
        assert json.loads(path.read_text())["points"][-1]["turn"] == config.turns
