import copy
import json
import math
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support.late import Late
from support.same_weights import same
from torch import nn
from torch.utils.data import Dataset

import rolltrain_tui
from rolltrain_tui import Barbarian, Cleric, RollToTrain
from rolltrain_tui.integrations.session.checkpoints import _unpacked
from rolltrain_tui.protocol.commands import Speak, UseAbility
from rolltrain_tui.protocol.events import AbilityUsed, CampaignBegan, CampaignEnded, CommandRefused, Evaluated, Spoke, StepTaken
from rolltrain_tui.runs.log.event_log import read, story_sha256
from rolltrain_tui.runs.saves import SaveError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # other people's warnings
transformers, trainers = Late("transformers"), Late("support.hugging_trainers")


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> None:
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


class Lines(Dataset[dict[str, Any]]):
    """Lines of 12 tokens; to be gone on with, or told apart by their first token."""

    def __init__(self, n: int, seed: int, *, causal: bool) -> None:
        self.ids = torch.randint(2, 64, (n, 12), generator=torch.Generator().manual_seed(seed))
        self.causal = causal

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> dict[str, Any]:
        ids = self.ids[i]
        return {"input_ids": ids, "labels": ids if self.causal else int(ids[0] % 2)}


def gpt2() -> nn.Module:
    torch.manual_seed(0)
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=64, n_positions=16, n_embd=16, n_layer=1, n_head=2))


def bert() -> nn.Module:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    return transformers.BertForSequenceClassification(transformers.BertConfig(vocab_size=64, max_position_embeddings=16, **size))


LINES = Lines(40, 1, causal=False)


def quiet(folder: Path, **how: Any) -> Any:
    """Two epochs in batches of 4, each step logged, nothing saved."""
    common = {"report_to": [], "use_cpu": True, "disable_tqdm": True, "logging_steps": 1, "save_strategy": "no", "seed": 1}
    return transformers.TrainingArguments(output_dir=str(folder), per_device_train_batch_size=4, num_train_epochs=2, **{**common, **how})


def told(callback: Any) -> list[float]:
    assert callback.game is not None
    return [event.loss for event in callback.game.events if isinstance(event, StepTaken)]


MODELS: dict[str, Callable[[], nn.Module]] = {"gpt2": gpt2, "bert": bert}
Fit = Callable[..., nn.Module]


@pytest.fixture
def fit(tmp_path: Path) -> Fit:
    """Train a model for two epochs of six steps, each of two micro-batches, with dropout, clipping and a schedule; the model."""

    def run(kind: str, *callbacks: Any, out: str = "out", resume: str | None = None, **how: Any) -> nn.Module:
        folder = tmp_path / out
        args = transformers.TrainingArguments(
            output_dir=str(folder),
            per_device_train_batch_size=4,
            gradient_accumulation_steps=2,
            num_train_epochs=2,
            learning_rate=3e-3,
            weight_decay=0.1,
            save_steps=4,
            save_strategy=how.pop("save_strategy", "steps"),
            eval_strategy="steps",
            eval_steps=3,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            logging_strategy="no",
            seed=1,
            **how,
        )
        model = MODELS[kind]()
        train, test = (Lines(n, seed, causal=kind == "gpt2") for n, seed in ((48, 1), (8, 2)))
        trainer = transformers.Trainer(model, args, train_dataset=train, eval_dataset=test, callbacks=list(callbacks))
        trainer.train(resume_from_checkpoint=str(folder / resume) if resume else None)
        return model

    return run


@pytest.mark.parametrize(
    ("kind", "how"),
    [("gpt2", {}), ("bert", {}), ("gpt2", {"bf16": True}), ("bert", {"optim": "adafactor"})],
    ids=["gpt2", "bert", "gpt2-bf16", "bert-adafactor"],
)
def test_neutral_dice_are_training_without_the_callback(kind: str, how: dict[str, Any], fit: Fit) -> None:
    """With accumulation, clipping, dropout, a schedule, and mixed precision or not: bit-identical weights."""
    callback = rolltrain_tui.RollToTrainCallback(rulebook="off", monsters="off", tell=None)
    assert same(fit(kind, out="plain", save_strategy="no", **how), fit(kind, callback, out="game", save_strategy="no", **how))
    assert callback.game is not None
    assert callback.game.turn_number == 12


@pytest.mark.parametrize("kind", MODELS)
def test_training_goes_on_in_the_middle(kind: str, fit: Fit, tmp_path: Path) -> None:
    """Resumed from a checkpoint in the middle of an epoch: the same weights and the same story as without a stop."""

    def callback() -> Any:
        return rolltrain_tui.RollToTrainCallback(character_class=Cleric(), intelligence=15, encounter_chance=0.3, camp_every=3, tell=None)

    first = callback()
    first.put(UseAbility("healing_word"))
    whole = fit(kind, first)
    chronicle = tmp_path / "out" / "rolltrain" / "chronicle.jsonl"
    story = story_sha256(chronicle)
    again = fit(kind, callback(), resume="checkpoint-8")
    assert same(whole, again)
    assert story_sha256(chronicle) == story
    names = {path.name for path in (tmp_path / "out" / "checkpoint-8").iterdir()}
    assert {"rolltrain.json", "rolltrain.safetensors"} <= names


def test_the_dice_act_and_are_measured(fit: Fit, tmp_path: Path) -> None:
    """k felt is k asked at every step, the model is another than without, and the story has its evaluations and its end."""
    callback = rolltrain_tui.RollToTrainCallback(character_class=Barbarian(), intelligence=15, tell=None)
    callback.put(UseAbility("reckless_attack"))
    callback.put(UseAbility("rage"))
    model = fit("gpt2", callback)
    assert not same(model, fit("gpt2", out="plain"))
    story = list(read(tmp_path / "out" / "rolltrain" / "chronicle.jsonl"))
    steps = [event for event in story if isinstance(event, StepTaken)]
    assert len(steps) == 12
    assert all(step.k_effective == pytest.approx(step.k_requested, abs=1e-3) for step in steps if step.k_requested != 1)
    assert len({round(step.k_requested, 3) for step in steps}) > 2
    assert [event.turn for event in story if isinstance(event, Evaluated)] == [3, 6, 9, 12]
    assert isinstance(story[0], CampaignBegan)
    assert isinstance(story[-1], CampaignEnded)
    refused = next(event for event in story if isinstance(event, CommandRefused))
    assert "the loop that trains is not rolltrain's" in refused.reason, "half a batch is not the callback's to read"
    assert any(isinstance(event, AbilityUsed) and event.ability == "rage" for event in story)


def test_the_loss_heard_is_the_trainers(fit: Fit) -> None:
    """The raw losses of the turns have the mean that the Trainer reports, for a model that is told how many items its batch has too."""
    for kind in MODELS:
        callback = rolltrain_tui.RollToTrainCallback(rulebook="off", monsters="off", tell=None)
        heard: list[float] = []

        class Listener(transformers.TrainerCallback):  # type: ignore[misc]
            def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
                heard.extend([logs["train_loss"]] if logs and "train_loss" in logs else [])  # noqa: B023

        fit(kind, callback, Listener(), out=kind)
        assert callback.game is not None
        losses = [event.loss for event in callback.game.events if isinstance(event, StepTaken)]
        assert heard == [pytest.approx(sum(losses) / len(losses), rel=1e-5)]


@pytest.mark.parametrize("what", ["missing", "{", "[]", "{}"])
def test_a_checkpoint_without_a_game_begins_a_new_one(what: str, fit: Fit, tmp_path: Path) -> None:
    """A checkpoint from before the callback, or with a damaged game: training goes on with a new game and one warning."""
    fit("bert", *([] if what == "missing" else [rolltrain_tui.RollToTrainCallback(tell=None)]))
    if what != "missing":
        (tmp_path / "out" / "checkpoint-8" / "rolltrain.json").write_text(what)
    callback = rolltrain_tui.RollToTrainCallback(tell=None)
    with pytest.warns(UserWarning, match="A new game begins at step 8") as said:
        fit("bert", callback, resume="checkpoint-8")
    assert len([w for w in said if "A new game" in str(w.message)]) == 1
    assert callback.game is not None
    assert callback.game.turn_number == 4
    assert callback.game.config.turns == 4


def test_a_named_checkpoint_without_a_game_is_refused(fit: Fit, tmp_path: Path) -> None:
    """Whoever names the checkpoint of a game is told that it holds none."""
    fit("bert")
    with pytest.raises(SaveError, match="was it saved with the game's callback"):
        fit("bert", rolltrain_tui.RollToTrainCallback(tell=None, resume_from=tmp_path / "out" / "checkpoint-8"), resume="checkpoint-8")


def test_a_checkpoint_in_another_folder_goes_on(fit: Fit, tmp_path: Path) -> None:
    """The game is read from the checkpoint that training resumes from, wherever the output goes."""
    fit("bert", rolltrain_tui.RollToTrainCallback(tell=None), out="old")
    shutil.copytree(tmp_path / "old" / "checkpoint-8", tmp_path / "new" / "moved")
    callback = rolltrain_tui.RollToTrainCallback(tell=None)
    fit("bert", callback, out="new", resume="moved")
    assert callback.game is not None
    assert callback.game.turn_number == 12


def test_a_game_that_cannot_be_saved_ends_no_training(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is told once, and the Trainer goes on to its last step."""

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rolltrain_tui.integrations.session.checkpoints.atomic_files.replace", full)
    callback = rolltrain_tui.RollToTrainCallback(tell=None)
    with pytest.warns(UserWarning, match="could not be saved .* No space left on device") as said:
        fit("bert", callback)
    assert len([w for w in said if "could not be saved" in str(w.message)]) == 1
    assert callback.game is not None
    assert callback.game.turn_number == 12


# ---------------------------------------------------------------------------------------------------------------------
# The loss


def by_function(output: Any, labels: Any, num_items_in_batch: Any = None) -> Any:
    return nn.functional.cross_entropy(output.logits, labels)


@pytest.mark.parametrize("accumulate", [1, 4], ids=["", "accumulated"])  # 10 batches: the last window of an epoch has 2
@pytest.mark.parametrize("kind", ["own", "compute_loss", "label_smoothing_factor", "compute_loss_func", "two passes"])
def test_the_loss_told_is_the_one_logged(kind: str, accumulate: int, tmp_path: Path) -> None:
    """Whoever computes it, and whatever the window's length: each turn's loss is that of the Trainer's log."""
    how: dict[str, Any] = {"label_smoothing_factor": 0.1} if kind == "label_smoothing_factor" else {}
    function = {"compute_loss_func": by_function} if kind == "compute_loss_func" else {}
    callback = rolltrain_tui.RollToTrainCallback(rulebook="off", monsters="off", tell=None)
    trainer = {"compute_loss": trainers.Weighted, "two passes": trainers.TwoPasses}.get(kind, transformers.Trainer)(
        bert(),
        quiet(tmp_path, gradient_accumulation_steps=accumulate, **how),
        train_dataset=LINES,
        callbacks=[callback],
        **function,
    )
    trainer.train()
    logged = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    assert told(callback) == [pytest.approx(float(loss), rel=1e-5) for loss in logged]
    assert "training_step" not in vars(trainer), "nothing of the game stays on the Trainer's steps"


def test_a_loss_that_nobody_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the Trainer is not to be found, the game goes on without a loss and says so once; nobody is wounded."""
    monkeypatch.setattr("rolltrain_tui.integrations.huggingface.calling_trainer", lambda callback: None)
    callback = rolltrain_tui.RollToTrainCallback(rulebook="off", monsters="off", tell=None)
    trainer = transformers.Trainer(bert(), quiet(tmp_path), train_dataset=LINES, callbacks=[callback])
    with pytest.warns(UserWarning, match="the game goes on without it") as said:
        trainer.train()
    assert len([w for w in said if "without it" in str(w.message)]) == 1
    assert callback.game is not None
    assert all(event.finite and event.loss != event.loss for event in callback.game.events if isinstance(event, StepTaken))
    assert callback.game.game.hero.hp == callback.game.game.hero.max_hp


# ---------------------------------------------------------------------------------------------------------------------
# What evaluations measure


def accuracy(found: Any) -> dict[str, float]:
    return {"accuracy": float((found.predictions.argmax(1) == found.label_ids).mean())}


@pytest.mark.parametrize("name", ["accuracy", "eval_accuracy"])
def test_the_best_models_metric_is_followed(name: str, tmp_path: Path) -> None:
    """metric_for_best_model, in the direction of greater_is_better."""
    callback = rolltrain_tui.RollToTrainCallback(tell=None)
    args = quiet(tmp_path, eval_strategy="epoch", metric_for_best_model=name)
    transformers.Trainer(bert(), args, train_dataset=LINES, eval_dataset=LINES, compute_metrics=accuracy, callbacks=[callback]).train()
    assert callback.game is not None
    assert (callback.game.objective.name, callback.game.objective.better) == ("accuracy", "higher")
    found = [event for event in callback.game.events if isinstance(event, Evaluated)]
    assert len(found) == 2
    assert found[-1].best == max(event.value for event in found)


def test_a_metric_that_is_never_heard_is_named_once(tmp_path: Path) -> None:
    """With the names that there are."""
    callback = rolltrain_tui.RollToTrainCallback(tell=None)
    unlabelled: Any = [{"input_ids": row["input_ids"]} for row in LINES]
    trainer = transformers.Trainer(
        bert(), quiet(tmp_path, eval_strategy="epoch"), train_dataset=LINES, eval_dataset=unlabelled, callbacks=[callback]
    )
    with pytest.warns(UserWarning, match=r"no evaluation has told 'eval_loss', .* eval_runtime.* metric_for_best_model") as said:
        trainer.train()
    assert len([w for w in said if "no evaluation" in str(w.message)]) == 1


# ---------------------------------------------------------------------------------------------------------------------
# Begun, broken off, begun again


def hooks_on(optimizer: torch.optim.Optimizer, model: nn.Module) -> int:
    optimizer = getattr(optimizer, "optimizer", optimizer)
    return len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks) + len(model._forward_hooks)


@pytest.mark.parametrize("hook", ["on_step_begin", "on_pre_optimizer_step", "on_step_end", "on_log"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("out of memory")], ids=["interrupt", "error"])
def test_a_training_that_breaks_off_leaves_nothing_behind(hook: str, error: BaseException, tmp_path: Path) -> None:
    """After an exception anywhere, the user's own step is plain; the same Trainer trains again, with one game."""
    model = bert()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda turn: 1.0)
    callback = rolltrain_tui.RollToTrainCallback(rulebook="methodology", monsters="off", tell=None)
    trainer = transformers.Trainer(
        model,
        quiet(tmp_path),
        train_dataset=LINES,
        callbacks=[callback, trainers.Breaks(hook, error)],
        optimizers=(optimizer, schedule),
    )
    with pytest.raises(type(error)):
        trainer.train()
    first = callback.game
    assert first is not None
    assert not first.underway
    assert hooks_on(optimizer, model) == 0
    before = [p.detach().clone() for p in model.parameters()]
    model.zero_grad()
    model(input_ids=torch.ones(2, 4, dtype=torch.long), labels=torch.tensor([0, 1])).loss.backward()
    expected = [p - 0.1 * p.grad if p.grad is not None else p for p, _ in zip(model.parameters(), before, strict=True)]
    optimizer.step()
    assert all(torch.allclose(p, q) for p, q in zip(model.parameters(), expected, strict=True))
    trainer.train()
    assert callback.game is not None
    assert callback.game is not first
    assert callback.game.turn_number == 20
    assert hooks_on(optimizer, model) == 0
    assert "training_step" not in vars(trainer)


@pytest.mark.parametrize("hook", ["on_step_begin", "on_pre_optimizer_step", "on_optimizer_step", "on_step_end", "on_log"])
def test_each_step_that_was_taken_is_told_also_where_another_callback_breaks_off(hook: str, tmp_path: Path) -> None:
    """The other callback comes first, so that this one does not hear of the end of the step."""
    callback = rolltrain_tui.RollToTrainCallback(rulebook="methodology", monsters="off", tell=None)
    trainer = transformers.Trainer(
        bert(), quiet(tmp_path), train_dataset=LINES, callbacks=[trainers.Breaks(hook, KeyboardInterrupt()), callback]
    )
    steps: list[int] = []
    trainer.create_optimizer()
    trainer.optimizer.register_step_post_hook(lambda *_: steps.append(1))
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert callback.game is not None
    told = [event for event in callback.game.events if isinstance(event, StepTaken)]
    assert len(told) == len(steps) == callback.game.turn_number
    assert all(math.isfinite(event.loss) for event in told)


def test_a_callback_added_later_hears_of_errors_in_a_step(tmp_path: Path) -> None:
    """An error in the loss closes the game at once, also where the Trainer was made before the callback."""

    class Breaking(transformers.Trainer):
        def compute_loss(self, *args: Any, **how: Any) -> Any:
            if self.state.global_step == 3:
                raise RuntimeError("out of memory")
            return super().compute_loss(*args, **how)

    model = bert()
    callback = rolltrain_tui.RollToTrainCallback(rulebook="methodology", monsters="off", tell=None)
    trainer = Breaking(model, quiet(tmp_path), train_dataset=LINES)
    trainer.add_callback(callback)
    with pytest.raises(RuntimeError, match="out of memory"):
        trainer.train()
    assert hooks_on(trainer.optimizer, model) == 0
    assert "training_step" not in vars(trainer)


def test_an_evaluation_before_the_first_step_is_part_of_the_story(tmp_path: Path) -> None:
    """eval_on_start: the story begins with it."""
    callback = rolltrain_tui.RollToTrainCallback(tell=None)
    args = quiet(tmp_path, eval_on_start=True, eval_strategy="epoch")
    transformers.Trainer(bert(), args, train_dataset=LINES, eval_dataset=LINES, callbacks=[callback]).train()
    assert [type(event) for event in read(tmp_path / "rolltrain" / "chronicle.jsonl")][:2] == [CampaignBegan, Evaluated]


def test_a_second_training_says_that_a_new_game_begins(tmp_path: Path) -> None:
    """Once, with the turn in which the last one is over."""
    callback = rolltrain_tui.RollToTrainCallback(tell=None)
    trainer = transformers.Trainer(bert(), quiet(tmp_path), train_dataset=LINES, callbacks=[callback])
    trainer.train()
    with pytest.warns(UserWarning, match="a new game begins from turn 0, and the last one is over after turn 20"):
        trainer.train()
    assert callback.game is not None
    assert callback.game.turn_number == 20


def test_a_callback_added_later_closes_the_game_before(tmp_path: Path) -> None:
    """Added to a Trainer that is made: the next training closes the game of the one that broke off."""
    model = bert()
    callback = rolltrain_tui.RollToTrainCallback(rulebook="methodology", monsters="off", tell=None)
    trainer = transformers.Trainer(model, quiet(tmp_path), train_dataset=LINES)
    trainer.add_callback(callback)
    trainer.add_callback(trainers.Breaks("on_step_begin", KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    first = callback.game
    trainer.train()
    assert first is not None
    assert not first.underway
    assert hooks_on(trainer.optimizer, model) == 0


def test_of_two_callbacks_the_last_one_plays_and_it_is_told(tmp_path: Path) -> None:
    """One optimiser plays one game."""
    first, last = (rolltrain_tui.RollToTrainCallback(monsters="off", tell=None) for _ in range(2))
    trainer = transformers.Trainer(bert(), quiet(tmp_path), train_dataset=LINES, callbacks=[first, last])
    with pytest.warns(UserWarning, match="have a game already, at turn 0, which is closed"):
        trainer.train()
    assert first.game is not None
    assert last.game is not None
    assert (first.game.turn_number, last.game.turn_number) == (0, 20)


def test_copies_made_while_training_take_nothing_along(tmp_path: Path) -> None:
    """A model or callback that is pickled or copied in the middle has no hook, no game and no class of rolltrain's."""
    found: dict[str, Any] = {}

    class Copies(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
            if state.global_step == 3:
                found.update(model=pickle.dumps(model), copy=copy.deepcopy(model), callback=pickle.loads(pickle.dumps(callback)))
                found.update(twice=copy.deepcopy(callback))

    callback = rolltrain_tui.RollToTrainCallback(character_class=Barbarian(), tell=None)
    transformers.Trainer(bert(), quiet(tmp_path), train_dataset=LINES, callbacks=[callback, Copies()]).train()
    assert b"rolltrain" not in found["model"]
    assert not found["copy"]._forward_hooks
    for other in (found["callback"], found["twice"]):
        assert other.game is None
        transformers.Trainer(bert(), quiet(tmp_path), train_dataset=LINES, callbacks=[other]).train()
        assert other.game.turn_number == 20


def test_a_typo_is_refused_in_the_constructor() -> None:
    """With the word that was meant, before anything is trained."""
    with pytest.raises(TypeError, match=r"RollToTrainCallback has no parameter 'charactr_class' \(did you mean 'character_class'\?\)"):
        rolltrain_tui.RollToTrainCallback(charactr_class=None)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"not 'wizzard' \(did you mean 'wizard'\?\)"):
        rolltrain_tui.RollToTrainCallback(character_class="wizzard")
    with pytest.raises(ValueError, match="rulebook source weighs the loss"):
        rolltrain_tui.RollToTrainCallback(rulebook="source")


def test_the_story_is_told(fit: Fit) -> None:
    """Sentences with their turn, without the rolls of every turn."""
    said: list[str] = []
    fit("bert", rolltrain_tui.RollToTrainCallback(tell=said.append, name="The Reading Room"))
    assert said[0].startswith("[turn 0] The Reading Room begins")
    assert not any("rolls" in line for line in said)
    assert said[-1].startswith("[turn 12] Played to the end after 12 turns")


class Letters:
    """A tokenizer of single letters, as a model that generates needs it."""

    def __call__(self, text: str, **how: Any) -> dict[str, torch.Tensor]:
        return {"input_ids": torch.tensor([[2 + ord(c) % 60 for c in text]])}

    def decode(self, ids: torch.Tensor, **how: Any) -> str:
        return "".join(chr(97 + int(i) % 26) for i in ids)


def test_a_model_that_can_generate_speaks(tmp_path: Path) -> None:
    """RollToTrain on GPT-2 with a tokenizer: asked to, it speaks, the same each time, and the training does not notice."""
    runs = []
    for orders in ([], [(3, Speak())]):
        model = gpt2()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        trainer = RollToTrain(model, optimizer, tokenizer=Letters(), accumulation_steps=2, num_epochs=1, runs=tmp_path)
        loader = torch.utils.data.DataLoader(Lines(48, 1, causal=True), batch_size=4, shuffle=True)
        trainer.train(loader, loader, moves=orders, progress=False)
        assert trainer.run is not None
        runs.append((model, [event.text for event in trainer.run.story if isinstance(event, Spoke)]))
    (quiet, last), (talker, said) = runs
    assert same(quiet, talker)
    assert (len(last), len(said)) == (1, 2)
    assert said[0].isalpha()
    losses = trainer.run.campaign.learner.evaluate(20).values
    assert len(losses) == 20, "each line's loss is told apart"


def test_the_state_of_the_dice_takes_half_the_room(fit: Fit, tmp_path: Path) -> None:
    """It is packed in the checkpoint; one of before, with plain numbers, is read as well."""
    callback = rolltrain_tui.RollToTrainCallback(tell=None)
    fit("bert", callback)
    file = tmp_path / "out" / "checkpoint-8" / "rolltrain.json"
    state = json.loads(file.read_bytes())
    assert len(file.read_bytes()) < 11_000
    assert callback.game is not None
    state["session"] = _unpacked(state["session"])
    assert isinstance(state["session"]["game"]["dice"]["words"], list)
    file.write_text(json.dumps(state))
    again = rolltrain_tui.RollToTrainCallback(tell=None)
    fit("bert", again, resume="checkpoint-8")
    assert told(again) == told(callback)[8:]


def test_a_callback_that_is_added_while_the_trainer_trains(tmp_path: Path) -> None:
    """It plays from the next step on, and says so."""
    late = rolltrain_tui.RollToTrainCallback(tell=None)

    class Adds(transformers.TrainerCallback):  # type: ignore[misc, name-defined]
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 3:
                trainer.add_callback(late)

    trainer = transformers.Trainer(bert(), quiet(tmp_path), train_dataset=LINES, callbacks=[Adds])
    with pytest.warns(UserWarning, match="joins a training under way: a new game begins at step 3"):
        trainer.train()
    logged = [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    assert told(late) == pytest.approx(logged[3:], abs=1e-3)
