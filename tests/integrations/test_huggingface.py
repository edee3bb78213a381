import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from support.same_weights import same
from torch import nn
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

from rolltrain_tui import Barbarian, Cleric, RollToTrain
from rolltrain_tui.integrations.huggingface import RollToTrainCallback
from rolltrain_tui.protocol.commands import Speak, UseAbility
from rolltrain_tui.protocol.events import AbilityUsed, CampaignBegan, CampaignEnded, CommandRefused, Evaluated, Spoke, StepTaken
from rolltrain_tui.runs.event_log import read, story_sha256
from rolltrain_tui.runs.saves import SaveError

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # other people's warnings
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
    return GPT2LMHeadModel(GPT2Config(vocab_size=64, n_positions=16, n_embd=16, n_layer=2, n_head=2))


def bert() -> nn.Module:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return BertForSequenceClassification(BertConfig(vocab_size=64, max_position_embeddings=16, **size))


MODELS: dict[str, Callable[[], nn.Module]] = {"gpt2": gpt2, "bert": bert}
Fit = Callable[..., nn.Module]


@pytest.fixture
def fit(tmp_path: Path) -> Fit:
    """Train a model for two epochs of six steps, each of two micro-batches, with dropout, clipping and a schedule; the model."""

    def run(kind: str, *callbacks: Any, out: str = "out", resume: str | None = None, **how: Any) -> nn.Module:
        folder = tmp_path / out
        args = TrainingArguments(
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
        trainer = Trainer(model, args, train_dataset=train, eval_dataset=test, callbacks=list(callbacks))
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
    callback = RollToTrainCallback(rulebook="off", monsters="off", tell=None)
    assert same(fit(kind, out="plain", save_strategy="no", **how), fit(kind, callback, out="game", save_strategy="no", **how))
    assert callback.game is not None
    assert callback.game.turn_number == 12


@pytest.mark.parametrize("kind", MODELS)
def test_training_goes_on_in_the_middle(kind: str, fit: Fit, tmp_path: Path) -> None:
    """Resumed from a checkpoint in the middle of an epoch: the same weights and the same story as without a stop."""

    def callback() -> RollToTrainCallback:
        return RollToTrainCallback(character_class=Cleric(), intelligence=15, encounter_chance=0.3, camp_every=3, tell=None)

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
    callback = RollToTrainCallback(character_class=Barbarian(), intelligence=15, tell=None)
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
        callback = RollToTrainCallback(rulebook="off", monsters="off", tell=None)
        heard: list[float] = []

        class Listener(transformers.TrainerCallback):  # type: ignore[misc]
            def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
                heard.extend([logs["train_loss"]] if logs and "train_loss" in logs else [])  # noqa: B023

        fit(kind, callback, Listener(), out=kind)
        assert callback.game is not None
        losses = [event.loss for event in callback.game.events if isinstance(event, StepTaken)]
        assert heard == [pytest.approx(sum(losses) / len(losses), rel=1e-5)]


def test_a_checkpoint_without_a_game(fit: Fit, tmp_path: Path) -> None:
    """Going on from a checkpoint made without the callback is refused in words, not begun anew."""
    fit("bert")
    shutil.rmtree(tmp_path / "out" / "rolltrain", ignore_errors=True)
    with pytest.raises(SaveError, match="was it saved with the game's callback"):
        fit("bert", RollToTrainCallback(tell=None), resume="checkpoint-8")


def test_a_loss_that_cannot_be_heard(fit: Fit) -> None:
    """Label smoothing keeps the loss from the model's output: said in words at the first step."""
    with pytest.raises(ValueError, match="the game cannot hear the loss"):
        fit("bert", RollToTrainCallback(tell=None), label_smoothing_factor=0.1)


def test_the_story_is_told(fit: Fit) -> None:
    """Sentences with their turn, without the rolls of every turn."""
    said: list[str] = []
    fit("bert", RollToTrainCallback(tell=said.append, name="The Reading Room"))
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
