"""What every mode's learner must do. A mode joins with one row: its campaign of a dozen small turns, or a learner that a program made."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.finetuning import lab
from support.installed import with_the_curve
from support.paths import BY, CAMPAIGNS, CURVE, DUEL, DUNGEON, HELD, MODE_EXAMPLE, OLDER_SELVES, RIVALS, TINY, WRITING, by
from support.stories import lines
from support.views import fingerprint, headless, on_screen, plain
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from rolltrain_tui.game import counterfactual, scouts
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.integrations.plain import RollToTrain
from rolltrain_tui.modes import MODES
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.campaign_file import load, load_text, template
from rolltrain_tui.protocol.commands import Command, SaveGame, Speak, UseAbility
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.protocol.learner import Learner
from rolltrain_tui.runs.branching import branch_at
from rolltrain_tui.runs.log.event_log import story_sha256
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification
from rolltrain_tui.training.levered_learner import TAKEN, LeveredLearner

HARD = ("turns=7", "batch.accumulation=2", "encounters.chance=1.0", "twin.mode=on_use", "twin.turns=2")
PLAIN = ("turns=4", "dice.rulebook=off", "encounters.mode=off", "hero.auto=[]")
MOVES: tuple[tuple[int, Command], ...] = (
    (2, UseAbility("rage")),
    (4, Speak()),
    (5, SaveGame("by the way")),
    (6, UseAbility("reckless_attack")),
)
STOP = 4
"""The turn after which a run is stopped, or branched: with a monster, a twin and an order to come."""

ADAPTERS = ("lora={r: 2, alpha: 4, dropout: 0.1, target_modules: [query, value]}",)
FILES: dict[str, Callable[..., Any]] = {
    "supervised": lambda *more: load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *more)),
    "curve": lambda *more: load(MODE_EXAMPLE / "rolltrain_curve" / "curve.yaml", (*CURVE, *more)),
    "duel": lambda *more: load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *more)),
    "duel, single Q-learning": lambda *more: load(CAMPAIGNS / "duel_first.yaml", (*DUEL, "learning.double=false", *more)),
    "duel, a pool of older selves": lambda *more: load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *OLDER_SELVES, *more)),
    "duel, an agent with a rival": lambda *more: load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *RIVALS, *more)),
    "dungeon": lambda *more: load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *more)),
    "dungeon, near its reference": lambda *more: load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *HELD, *more)),
    **{f"dungeon, {name}": lambda *more, name=name: load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *by(name), *more)) for name in BY},
    "dungeon, writing": lambda *more: load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *WRITING, *HELD, *more)),
    "dungeon, writing by grpo": lambda *more: load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *WRITING, *by("grpo"), *more)),
    "finetune": lambda *more: load_text(template("finetune"), "it", (*lab().overrides(), *more)),
    "finetune, adapters": lambda *more: load_text(template("finetune"), "it", (*lab().overrides("classifier"), *ADAPTERS, *more)),
}
"""Modes that a campaign file describes: a dozen small turns, with more overrides."""
QUICK = {"supervised", "curve", "duel", "dungeon", "dungeon, grpo", "module"}
"""Rows of which the learner alone is held to the contract by the fast tests too: one of each kind that loads quickly."""
LONG = {"duel, single Q-learning", *(row for row in FILES if row.startswith("dungeon, "))}  # the rival's duel is single too
"""Rows whose whole runs are held to the contract with --long only: others of their kind are always, and so are their learners alone."""


@pytest.fixture(autouse=True)
def _with_the_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mode of another package, as if it were installed."""
    with_the_curve(monkeypatch)


def campaign(mode: str, *overrides: str) -> Any:
    return FILES[mode](*overrides)


def own_model(folder: Path) -> Learner:
    """A program's own model, on 64 points."""
    x = torch.randn(64, 8, generator=torch.Generator().manual_seed(3))
    points = TensorDataset(x, x[:, :3].argmax(1))
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    trainer = RollToTrain(
        model,
        torch.optim.AdamW(model.parameters(), lr=1e-2),
        accumulation_steps=2,
        num_epochs=2,
        loss=nn.functional.cross_entropy,
        runs=folder,
    )
    return trainer._open(DataLoader(points, 8, shuffle=True), DataLoader(points, 16), None, on_screen=False).campaign.learner


LEARNERS: dict[str, Callable[[Path], Learner]] = {
    **{mode: lambda folder, mode=mode: build_learner(campaign(mode, *HARD), base=CAMPAIGNS) for mode in FILES},
    "module": own_model,
}


@pytest.fixture(params=[pytest.param(row, marks=() if row in QUICK else pytest.mark.slow) for row in LEARNERS])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Learner]:
    """The same fresh learner each time."""
    return lambda: LEARNERS[request.param](tmp_path)


@pytest.fixture(params=FILES, scope="module")
def mode(request: pytest.FixtureRequest) -> str:
    """Of a whole run. All tests of a mode follow each other, so that they share its run."""
    if request.param in LONG and not request.config.getoption("--long"):
        pytest.skip("with --long only")
    return str(request.param)


@pytest.fixture
def begin(mode: str, tmp_path: Path) -> Callable[[str], Run]:
    """`begin(name)`: a run of some small turns with monsters, twins and accumulated batches."""
    return lambda name: Run.begin(campaign(mode, *HARD), base=CAMPAIGNS, runs=tmp_path / name)


@pytest.fixture
def straight(mode: str, once: Callable[[str, Callable[[Path], Run]], Run]) -> Run:
    """Such a run, played in one sitting and told as plain text."""

    def played(folder: Path) -> Run:
        run = Run.begin(campaign(mode, *HARD), base=CAMPAIGNS, runs=folder)
        plain(run, MOVES, folder / "out.txt")
        return run

    return once(mode, played)


def test_the_names_in_a_save_begin_with_words_that_no_other_learner_may_take(make: Callable[[], Learner]) -> None:
    """All but those that begin with the learner's own kind."""
    learner = make()
    assert isinstance(learner, LeveredLearner)
    learner.prepare({"examine", "restore_best", "heal_alpha"})
    learner.step(NEUTRAL)
    learner.remember(learner.evaluate(4))
    heads = {re.split("[.:]", name)[0] for name in learner.tensors()}
    assert {"average", "best", "stream"} <= heads <= {*TAKEN, learner.kind}
    assert {counterfactual.PREFIX, scouts.PREFIX} <= {f"{word}." for word in TAKEN}


@pytest.mark.parametrize("word", [*TAKEN, "best.7"])
def test_a_learner_whose_tensors_would_take_those_names_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=f"Painter calls its kind '{word}', but names in a save .* are rolltrain's own; choose another"):
        type("Painter", (LeveredLearner,), {"kind": word})


def stepped(learner: Learner, turns: int, effect: StepEffect = NEUTRAL) -> list[float]:
    """The losses of some turns."""
    return [learner.step(effect).loss for _ in range(turns)]


def test_every_mode_is_held_to_this_contract() -> None:
    """A row of MODES without a row here would be held to nothing."""
    assert {mode for mode, row in MODES.items() if row.template} <= FILES.keys()
    assert MODES.keys() <= LEARNERS.keys()


# The learner alone.


def test_two_of_the_same_are_the_same(make: Callable[[], Learner]) -> None:
    """Seeded: losses and weights of two fresh learners agree to the last bit, and training moves the weights."""
    one, other = make(), make()
    before = one.weights_sha256()
    assert before == other.weights_sha256()
    assert stepped(one, 3) == stepped(other, 3)
    assert before != one.weights_sha256() == other.weights_sha256()


def test_asked_is_felt(make: Callable[[], Learner]) -> None:
    """The measured share of the update is the share that was asked for; k = 0 leaves the weights where they are."""
    learner = make()
    stepped(learner, 2)
    for k in (0.5, 1.5, -0.25):
        assert learner.step(StepEffect(update_scale=k)).k_effective == pytest.approx(k, abs=1e-3)
    before = learner.weights_sha256()
    learner.step(StepEffect(update_scale=0.0))
    assert learner.weights_sha256() == before


def test_looking_changes_nothing(make: Callable[[], Learner]) -> None:
    """Evaluations and examinations leave weights and later turns as they would have been; two looks see the same."""
    looked, untouched = make(), make()
    for learner in (looked, untouched):
        learner.prepare(["examine"])
        stepped(learner, 2)
    before = looked.weights_sha256()
    evaluation = looked.evaluate(8)
    assert looked.evaluate(8) == evaluation
    looked.examine(evaluation)
    assert looked.weights_sha256() == before
    assert stepped(looked, 2) == stepped(untouched, 2)
    assert looked.weights_sha256() == untouched.weights_sha256()


def test_state_is_whole(make: Callable[[], Learner]) -> None:
    """Loaded into a fresh learner, tensors and state give the same turns as without the stop."""
    first, second = make(), make()
    stepped(first, 3)
    second.load_state({name: tensor.clone() for name, tensor in first.tensors().items()}, first.state_dict())
    assert second.weights_sha256() == first.weights_sha256()
    assert stepped(second, 3) == stepped(first, 3)
    assert second.weights_sha256() == first.weights_sha256()


def test_a_foreign_state_is_refused(make: Callable[[], Learner]) -> None:
    """Tensors that are missing, of another shape, or one too many are a ValueError, and the learner is as it was."""
    learner = make()
    before = learner.weights_sha256()
    tensors = {name: tensor.clone() for name, tensor in learner.tensors().items()}
    some = next(name for name, tensor in tensors.items() if tensor.dim())
    more = {name: {**tensors, name: tensors[some]} for name in ("elsewhere", f"{learner.state_dict().get('kind')}.elsewhere")}
    less = {name: tensors[name] for name in tensors if name != some}
    for wrong in (less, {**tensors, some: tensors[some].new_zeros(3, 3, 3)}, *more.values()):
        with pytest.raises(ValueError, match=r"\w"):
            learner.load_state(wrong, learner.state_dict())
        assert learner.weights_sha256() == before


def test_a_fork_is_on_its_own_and_follows(make: Callable[[], Learner]) -> None:
    """What a fork does touches nothing of the original; put where the original stands, it reads and draws what the original does."""
    hero, alone = make(), make()
    for learner in (hero, alone):
        stepped(learner, 2)
    fork = hero.fork()
    assert fork.weights_sha256() == hero.weights_sha256()
    stepped(fork, 3, StepEffect(update_scale=2.0))
    assert fork.weights_sha256() != hero.weights_sha256()
    assert stepped(hero, 2) == stepped(alone, 2)
    follower, stray = hero.fork(), hero.fork()
    hero.step(StepEffect(update_scale=0.0, on_zero="skip"))  # reads a batch and leaves the weights
    follower.follow(hero)
    loss = hero.step(NEUTRAL).loss
    assert follower.step(NEUTRAL).loss == loss != stray.step(NEUTRAL).loss


def test_a_rollback_returns(make: Callable[[], Learner]) -> None:
    """The snapshot's weights come back before the step."""
    learner = make()
    stepped(learner, 2)
    learner.snapshot()
    before = learner.weights_sha256()
    stepped(learner, 2)
    learner.step(StepEffect(rollback=True, update_scale=0.0))
    assert learner.weights_sha256() == before


# The learner in a campaign and in a run.


@pytest.mark.slow
@pytest.mark.parametrize("mode", FILES)
def test_no_dice_is_plain_training(mode: str) -> None:
    """A campaign without dice and monsters takes the learner where plain steps take it."""
    config = campaign(mode, *PLAIN)
    played, alone = Campaign(config, build_learner(config, base=CAMPAIGNS)), build_learner(config, base=CAMPAIGNS)
    losses = [event.loss for event in played.play(Inbox()) if isinstance(event, StepTaken)]
    assert losses == stepped(alone, config.turns)
    assert played.learner.weights_sha256() == alone.weights_sha256()


@pytest.mark.slow
def test_saved_and_resumed(straight: Run, begin: Callable[[str], Run]) -> None:
    """Stopped after a turn, saved and opened again, a run without any view ends with the weights and the story of one plain sitting."""
    stopped = begin("stopped")
    inbox = ScriptedInbox(MOVES)
    for event in stopped.play(inbox):
        if isinstance(event, StepTaken) and event.turn == STOP:
            inbox.stop()
    again = Run.resume(stopped.folder)
    headless(again, [move for move in MOVES if move[0] > STOP])
    assert fingerprint(again) == fingerprint(straight)
    assert lines(again.story) == lines(straight.story)


@pytest.mark.slow
def test_verified_and_branched(straight: Run) -> None:
    """Trained once more the run meets every event and every save; a branch of it, played with the same moves, becomes it."""
    found = Verification(from_the_beginning(straight.folder), tolerance=None, watch=lambda event: None).run()
    assert (found.difference, found.last_turn) == (None, straight.config.turns)
    assert found.saves > 0
    folder, note = branch_at(straight.folder, STOP)
    assert note == ""
    headless(Run.resume(folder), [move for move in MOVES if move[0] > STOP])
    assert story_sha256(folder / "chronicle.jsonl") == story_sha256(straight.folder / "chronicle.jsonl")


@pytest.mark.slow
async def test_the_same_however_it_is_shown(straight: Run, begin: Callable[[str], Run]) -> None:
    """As plain text and on screen: one run. The test above shows that it is that of nobody's view."""
    shown = begin("screen")
    await on_screen(shown, MOVES, (80, 24))
    assert fingerprint(straight) == fingerprint(shown)
