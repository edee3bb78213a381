"""The monsters of a duel: what brings each, what is measured for it, and what helps; other kinds of training hear nothing of them."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.paths import CAMPAIGNS, DUEL, OLDER_SELVES, RIVALS
from support.rows import numbers_of
from support.signs import sick, who_comes
from support.small_learners import duel_learner

from rolltrain_tui.game.setup import new_game
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel import health
from rolltrain_tui.modes.duel.bestiary import MONSTERS, SIGNALS
from rolltrain_tui.protocol.commands import TurnDial
from rolltrain_tui.protocol.dials import refusal
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.events import CommandRefused, DialTurned, MonsterAppeared
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.rules.health.signal_monitor import SignalMonitor
from rolltrain_tui.rules.monsters.monster import Monster, Symptom
from rolltrain_tui.story.counsel import hint_sentence
from rolltrain_tui.story.scene import Scene

ROWS = pytest.mark.parametrize(("row", "symptom"), [(row, s) for row in MONSTERS for s in row.symptoms])
HEALTHY = {"q_excess": 0.1, "q_bias": 0.1, "q_spread": 0.4, "curiosity": 0.9, "replays": 4.0, "unfinished": 0.1, "echo": 0.0}
"""As `duel_first` shows them half-way."""


def test_the_rows(golden: Callable[[Path, str], None]) -> None:
    """Every number that decides when one comes, how hard it is and what it does, and the bounds of every signal, as last agreed on."""
    golden(Path(__file__).parent / "golden" / "bestiary.txt", numbers_of((*MONSTERS, *SIGNALS)))


@ROWS
def test_it_comes_by_its_signal_and_not_before(row: Monster, symptom: Symptom) -> None:
    """After as many examinations in a row as its row says; one fewer brings nobody."""
    assert who_comes(sick(symptom, SIGNALS, HEALTHY), symptom.hold) == row.name
    assert who_comes(sick(symptom, SIGNALS, HEALTHY), symptom.hold - 1) == ""


def test_nobody_comes_to_a_healthy_run() -> None:
    """However often it is examined."""
    assert who_comes(HEALTHY, 20) == ""


def test_other_trainings_hear_nothing_of_them() -> None:
    """A run that was told none of these signals has no reading of them: its examinations are as they were."""
    names = {signal.name for signal in SIGNALS}
    assert not names & {reading.signal for reading in SignalMonitor().readings()}


@pytest.mark.parametrize("more", [(), RIVALS], ids=["a host", "an agent with a rival"])
def test_what_helps_can_be_had(more: tuple[str, ...]) -> None:
    """Every order that a monster is weak to is a dial of the duel, with a value that it takes."""
    dials = load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *more)).dials
    assert {refusal(dials, *order) for row in MONSTERS for order in row.orders} == {""}
    assert all(row.orders and row.ailment for row in MONSTERS)


@pytest.mark.parametrize("row", MONSTERS, ids=lambda row: row.name)
def test_the_hint_names_what_helps_until_it_is_done(row: Monster) -> None:
    """While it is near, the hint gives its orders one by one, and then says no more of it."""
    scene = Scene(sheet=Sheet(name="Ilse", hp=9, max_hp=9), turn=1000)
    scene.apply(MonsterAppeared(1000, row.name, row.challenge, row.hp, row.armour_class, "it is so"))
    for dial, value in row.orders:
        assert hint_sentence(scene) == f"Hint: type `{' '.join((dial, value)).rstrip()}`; {row.ailment}."
        scene.apply(DialTurned(1001, dial, dial, value, "so it is"))
    assert hint_sentence(scene) == ""


def test_an_order_that_was_refused_is_not_hinted_at_again() -> None:
    """Not every training can turn every dial: the hint goes on to the next that helps, and ends after the last."""
    scene = Scene(sheet=Sheet(name="Ilse", hp=9, max_hp=9), turn=1000)
    row = next(row for row in MONSTERS if len(row.orders) > 1)
    scene.apply(MonsterAppeared(1000, row.name, row.challenge, row.hp, row.armour_class, "it is so"))
    for dial, value in row.orders:
        assert f"`{' '.join((dial, value)).rstrip()}`" in hint_sentence(scene)
        scene.apply(CommandRefused(1001, TurnDial(dial, value), "This dial cannot act here."))
    assert hint_sentence(scene) == ""


@pytest.mark.parametrize("more", [(), RIVALS, ("learning.reward=stall",)], ids=["a host", "an agent with a rival", "another reward"])
def test_an_examination_tells_what_it_can(more: tuple[str, ...]) -> None:
    """Finite numbers; a host's signals of hosts alone, the echo only where a rival learns; nothing changes by looking.

    Before the first turn no host is called incurious: an untrained network makes one move everywhere.
    """
    hero = duel_learner(*more)
    hero.prepare(["examine"])
    assert "curiosity" not in hero.examine(hero.evaluate(9)).values
    for _ in range(3):
        hero.step(NEUTRAL)
        evaluation = hero.evaluate(9)
        hero.remember(evaluation)
    before = hero.state_dict()
    values = hero.examine(evaluation).values
    own = {signal.name: values[signal.name] for signal in SIGNALS if signal.name in values}
    assert all(map(math.isfinite, own.values()))
    hosts = {"q_bias", "q_spread", "curiosity", "unfinished"}
    assert own.keys() == {"q_excess", "replays"} | ({"echo"} if more == RIVALS else hosts)
    assert hero.state_dict() == before


@pytest.mark.parametrize(("more", "bound"), [((), 0.06), (("rival.echo=0.2",), 0.2)], ids=["older", "its own"])
def test_the_campaign_says_from_which_echo_on_it_is_sick(more: tuple[str, ...], bound: float) -> None:
    """One that says nothing counts as it always did. The bound decides nothing of plain training: an older ghost is a ghost of it too."""
    config = load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *OLDER_SELVES, *more))
    assert new_game(config).monitor.reading("echo").high == bound
    older, other = (load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *OLDER_SELVES, *own)) for own in ((), ("rival.learning_rate=2e-3",)))
    assert config.recipe("") == older.recipe("") != other.recipe("")


def test_the_measures_are_what_they_say() -> None:
    """Checked by hand: the entropy of moves, the most that a game can bring, and how far behind its best a run is."""
    assert health.entropy_share(torch.tensor([2, 2, 2, 2]), 4) == pytest.approx(0)
    assert health.entropy_share(torch.tensor([0, 1, 2, 3]), 4) == pytest.approx(1)
    assert health.entropy_share(torch.tensor([0, 0, 1, 1]), 4) == pytest.approx(0.5)
    assert health.largest_return("ending", "host", 0.9, 60) == 1
    assert health.largest_return("ending", "agent", 0.9, 60) == 0
    assert health.largest_return("stall", "agent", 0.5, 3) == pytest.approx(1 + 0.5 + 0.25)
    assert health.largest_return("stall", "agent", 1.0, 7) == 7
    assert math.isnan(health.largest_return("of a package", "host", 0.9, 60))
    standing = health.Standing()
    assert math.isnan(standing.echo(0.5))
    for value in (0.2, 0.5, 0.4, 0.6):
        standing.hear(value)
    assert standing.echo(0.5) == pytest.approx(0.5 - 0.2)
    assert standing.echo(0.1) == 0


@pytest.mark.parametrize("heard", [(), (0.2,), (0.2, 0.5, 0.4)])
def test_how_it_stands_with_the_judges_is_saved(heard: tuple[float, ...]) -> None:
    """Through strict JSON, also before there were evaluations enough: what is heard next means the same."""
    standing, again = health.Standing(), health.Standing()
    for value in heard:
        standing.hear(value)
    again.take(json.loads(json.dumps(standing.state(), allow_nan=False)))
    for value in (0.6, 0.1, 0.3):
        assert repr(standing.echo(value)) == repr(again.echo(value))
        standing.hear(value)
        again.hear(value)


def test_rows_that_are_old_have_been_replayed_often() -> None:
    """The mean number of replays of a row: its age in turns, times the transitions of a turn, over the rows there are."""
    hero = duel_learner("table.every=1000")
    for _ in range(10):
        hero.step(NEUTRAL)
    evaluation = hero.evaluate(9)
    rows = len(hero.side.replay)
    assert hero.examine(evaluation).values["replays"] == pytest.approx(10 * 8 / rows, rel=0.35)  # a move came in the first turn
