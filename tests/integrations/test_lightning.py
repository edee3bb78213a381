import copy
import logging
import math
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.late import Late
from support.same_weights import same
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from rolltrain_tui import Barbarian, Cleric
from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.events import CampaignEnded, Evaluated, StepTaken
from rolltrain_tui.runs.log.event_log import read, story_sha256

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # other people's warnings
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
lightning, modules, callbacks_of = Late("lightning"), Late("support.lightning_modules"), Late("lightning.pytorch.callbacks")
ours = Late("rolltrain_tui.integrations.lightning")
Fit = Callable[..., nn.Module]


class Keeping:
    """A loader that knows its place, as Lightning asks of one that is to be gone on with in the middle of an epoch."""

    def __init__(self, points: TensorDataset) -> None:
        self.points, self.at = points, 0

    def __len__(self) -> int:
        return len(self.points) // 8

    def __iter__(self) -> Iterator[Any]:
        while self.at < len(self):
            self.at += 1
            yield self.points[8 * self.at - 8 : 8 * self.at]
        self.at = 0

    def state_dict(self) -> dict[str, int]:
        return {"at": self.at}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.at = state["at"]


@pytest.fixture
def fit(tmp_path: Path, points: TensorDataset) -> Fit:
    """Train for three epochs of six steps, each of two micro-batches, with dropout, clipping and a schedule; the module."""

    def run(
        *callbacks: Any, out: str = "out", resume: str | None = None, keeping: bool = False, module: Any = None, **how: Any
    ) -> nn.Module:
        folder = tmp_path / out
        lightning.seed_everything(1, verbose=False)
        keeper = callbacks_of.ModelCheckpoint(
            folder / "kept", save_top_k=-1, every_n_train_steps=4, filename="{step}", save_on_train_epoch_end=False
        )
        trainer = lightning.Trainer(
            max_epochs=3,
            accumulate_grad_batches=how.pop("accumulate_grad_batches", 2),
            gradient_clip_val=how.pop("gradient_clip_val", 0.5),
            default_root_dir=folder,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            accelerator="cpu",
            callbacks=[*callbacks, keeper],
            **how,
        )
        model = (module or modules.Points)()
        train: Any = Keeping(points) if keeping else DataLoader(points, batch_size=8, shuffle=True)
        validation = DataLoader(TensorDataset(*points[:24]), batch_size=8)
        trainer.fit(model, train, validation, ckpt_path=str(folder / "kept" / resume) if resume else None, weights_only=bool(resume))
        return model

    return run


@pytest.mark.parametrize("how", [{}, {"precision": "bf16-mixed"}], ids=["fp32", "bf16"])
def test_neutral_dice_are_training_without_the_callback(how: dict[str, Any], fit: Fit) -> None:
    """With accumulation, clipping, dropout, a schedule, and mixed precision or not: bit-identical weights."""
    callback = ours.RollToTrainCallback(rulebook="off", monsters="off", tell=None)
    assert same(fit(out="plain", **how), fit(callback, out="game", **how))
    assert callback.game is not None
    assert callback.game.turn_number == 18


def test_training_goes_on_in_the_middle(fit: Fit, tmp_path: Path) -> None:
    """Resumed from a checkpoint in the middle of an epoch, loaded with weights_only: the same weights, the same story."""

    def callback() -> Any:
        return ours.RollToTrainCallback(character_class=Cleric(), intelligence=15, encounter_chance=0.3, camp_every=3, tell=None)

    class Still(modules.Points):  # dropout draws from the global stream, whose place Lightning does not keep
        def __init__(self) -> None:
            super().__init__()
            self.net[2] = nn.Identity()

    first = callback()
    first.put(UseAbility("healing_word"))
    whole = fit(first, keeping=True, module=Still)
    chronicle = tmp_path / "out" / "rolltrain" / "chronicle.jsonl"
    story = story_sha256(chronicle)
    again = fit(callback(), keeping=True, module=Still, resume="step=8.ckpt")
    assert same(whole, again)
    assert story_sha256(chronicle) == story


def test_the_dice_act_and_are_measured(fit: Fit, tmp_path: Path) -> None:
    """k felt is k asked at every step, the loss told is the one that fell, and the story has its evaluations and its end."""
    callback = ours.RollToTrainCallback(character_class=Barbarian(), intelligence=15, tell=None)
    model = fit(callback)
    assert not same(model, fit(out="plain"))
    story = list(read(tmp_path / "out" / "rolltrain" / "chronicle.jsonl"))
    steps = [event for event in story if isinstance(event, StepTaken)]
    assert len(steps) == 18
    assert all(step.k_effective == pytest.approx(step.k_requested, abs=1e-3) for step in steps if step.k_requested != 1)
    assert len({round(step.k_requested, 3) for step in steps}) > 2
    assert 0.5 < steps[0].loss < 2.0
    assert [event.turn for event in story if isinstance(event, Evaluated)] == [6, 12, 18]
    assert isinstance(story[-1], CampaignEnded)


def test_a_gradient_that_is_not_finite(fit: Fit) -> None:
    """Is hidden from the optimiser, and the training goes on."""

    class Burst(modules.Points):
        def training_step(self, batch: Any, index: int) -> Tensor:
            loss = super().training_step(batch, index)
            return loss * float("inf") if self.global_step == 4 else loss

    callback = ours.RollToTrainCallback(tell=None)
    model = fit(callback, module=Burst)
    assert callback.game is not None
    finite = [event.finite for event in callback.game.events if isinstance(event, StepTaken)]
    assert finite.count(False) == 1
    assert all(torch.isfinite(p).all() for p in model.parameters())


def test_manual_optimisation_is_refused(fit: Fit) -> None:
    """A loop of one's own has a session."""
    with pytest.raises(ValueError, match=r"use rolltrain_tui\.session in a loop of your own"):
        fit(ours.RollToTrainCallback(tell=None), module=modules.TwoMinds, accumulate_grad_batches=1, gradient_clip_val=None)


def test_a_module_without_an_optimizer_is_refused_by_what_is_missing(fit: Fit) -> None:
    """Lightning puts one without weights in its place, of which the user knows nothing."""

    class Idle(modules.Points):
        def configure_optimizers(self) -> None:
            return None

    with pytest.raises(ValueError, match="configure_optimizers returns no optimizer, so nothing would be learned; return one"):
        fit(ours.RollToTrainCallback(tell=None), module=Idle)


@pytest.mark.parametrize("accumulate", [1, 4], ids=["", "accumulated"])  # 12 batches; of 5 the last window has 1
def test_the_loss_told_is_the_mean_of_the_window(accumulate: int, fit: Fit) -> None:
    """Also where an epoch ends in the middle of a window: the mean over the micro-batches that there were."""
    seen: list[float] = []

    class Noting(modules.Points):
        def training_step(self, batch: Any, index: int) -> Tensor:
            loss = super().training_step(batch, index)
            seen.append(loss.item())
            return loss

    callback = ours.RollToTrainCallback(tell=None, rulebook="off", monsters="off")
    fit(callback, module=Noting, accumulate_grad_batches=accumulate, limit_train_batches=5)
    assert callback.game is not None
    told = [event.loss for event in callback.game.events if isinstance(event, StepTaken)]
    windows = [seen[epoch + i : min(epoch + i + accumulate, epoch + 5)] for epoch in (0, 5, 10) for i in range(0, 5, accumulate)]
    assert told == [pytest.approx(sum(w) / len(w), rel=1e-5) for w in windows]


def test_a_training_that_breaks_off_leaves_nothing_behind(fit: Fit) -> None:
    """After an exception there is no hook, and the same callback plays again."""

    class Breaks(modules.Points):
        def training_step(self, batch: Any, index: int) -> Tensor:
            if self.global_step == 3:
                raise RuntimeError("out of memory")
            return super().training_step(batch, index)

    callback = ours.RollToTrainCallback(tell=None, rulebook="methodology", monsters="off")
    with pytest.raises(RuntimeError, match="out of memory"):
        fit(callback, module=Breaks)
    first = callback.game
    assert first is not None
    assert not first.underway
    assert not first.optimizer._optimizer_step_pre_hooks
    with pytest.warns(UserWarning, match="a new game begins from turn 0, and the last one is over after turn 3"):
        fit(callback)
    assert callback.game is not None
    assert callback.game.turn_number == 18


@pytest.mark.parametrize("hook", ["on_train_batch_start", "on_before_zero_grad", "on_train_batch_end"])
def test_each_step_that_was_taken_is_told_also_where_another_callback_breaks_off(hook: str, fit: Fit) -> None:
    """The other callback comes first, so that this one does not hear of the end of the batch."""
    steps: list[int] = []

    class Breaks(lightning.Callback):
        def on_train_start(self, trainer: Any, module: Any) -> None:
            trainer.optimizers[0].register_step_post_hook(lambda *_: steps.append(1))

    def broken(self: Any, trainer: Any, *_: Any) -> None:
        if len(steps) == 3:
            raise RuntimeError("out of memory")

    setattr(Breaks, hook, broken)
    callback = ours.RollToTrainCallback(tell=None, rulebook="methodology", monsters="off")
    with pytest.raises(RuntimeError, match="out of memory"):
        fit(Breaks(), callback)
    assert callback.game is not None
    told = [event for event in callback.game.events if isinstance(event, StepTaken)]
    assert len(told) == len(steps) == callback.game.turn_number == 3
    assert all(math.isfinite(event.loss) for event in told)


def test_copies_of_the_callback_leave_the_game_out(fit: Fit) -> None:
    """Pickled or copied, while training and after it."""
    callback = ours.RollToTrainCallback(tell=None, character_class=Barbarian)

    class Copies(lightning.Callback):
        found: Any = None

        def on_train_batch_end(self, *args: Any) -> None:
            self.found = self.found or (pickle.loads(pickle.dumps(callback)), copy.deepcopy(callback))

    copies = Copies()
    fit(callback, copies)
    for other in (*copies.found, copy.deepcopy(callback)):
        assert other.game is None
    fit(copies.found[0])
    assert copies.found[0].game.turn_number == 18


def test_a_state_that_does_not_fit_begins_a_new_game(fit: Fit) -> None:
    """A checkpoint whose game is another model's, or damaged, ends no training: a new game, and one warning."""
    callback = ours.RollToTrainCallback(tell=None)
    callback.load_state_dict({"state": "{}", "tensors": {}})
    with pytest.warns(UserWarning, match="A new game begins"):
        fit(callback)
    assert callback.game is not None
    assert callback.game.turn_number == 18


def test_a_metric_that_grows_is_followed(fit: Fit) -> None:
    """monitor and mode, as Lightning's own callbacks have them."""
    callback = ours.RollToTrainCallback(tell=None, monitor="valid/acc", mode="max")
    fit(callback, module=modules.Accurate)
    assert callback.game is not None
    found = [event for event in callback.game.events if isinstance(event, Evaluated)]
    assert len(found) == 3
    assert found[-1].best == max(event.value for event in found)
    with pytest.raises(ValueError, match="say which way 'valid/acc' improves"):
        ours.RollToTrainCallback(monitor="valid/acc")


def test_a_metric_that_is_never_heard_is_named_once(fit: Fit) -> None:
    """With the names that there are."""
    callback = ours.RollToTrainCallback(tell=None)
    with pytest.warns(UserWarning, match=r"no evaluation has told 'val_loss', .* there are valid/acc: name one with monitor=") as said:
        fit(callback, module=modules.Accurate)
    assert len([w for w in said if "no evaluation" in str(w.message)]) == 1
