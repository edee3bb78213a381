"""The learner of ready models: its loss is the model's own, its levers do what they say, and what is frozen is neither moved nor kept."""

import json
import math
import shutil
import socket
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from support.finetuning import LORA, lab

from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.campaign_file import load_text, template
from rolltrain_tui.modes.finetune.diagnosis import layer_name
from rolltrain_tui.modes.finetune.learner import FinetuneLearner
from rolltrain_tui.modes.finetune.lessons import LABELS, Windows
from rolltrain_tui.modes.finetune.loading import context_of
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.same_data import DataChangedError
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification

pytestmark = pytest.mark.slow

KINDS = {"writer": ("causal_lm",), "adapters": ("causal_lm", LORA), "classifier": ("classifier",)}


def campaign(task: str, *overrides: str) -> Any:
    return load_text(template("finetune"), "it", (*lab().overrides(task), *overrides))


def make(task: str, *overrides: str) -> FinetuneLearner:
    learner = build_learner(campaign(task, *overrides), base=Path())
    assert isinstance(learner, FinetuneLearner)
    return learner


@pytest.fixture(params=KINDS)
def learner(request: pytest.FixtureRequest) -> FinetuneLearner:
    return make(*KINDS[request.param], "batch.accumulation=2")


def test_the_loss_is_the_models_own(learner: FinetuneLearner) -> None:
    """On the whole validation set the evaluation is the mean loss that transformers computes, token by token or example by example."""
    lessons = learner.lessons
    found = learner.evaluate(10_000)
    assert found.count == lessons.validated
    own = []
    with learner.at_rest(), torch.no_grad():
        for i in range(lessons.validated):
            batch = lessons.validation(i, i + 1)
            labels = batch.pop(LABELS)
            if labels.dim() == 2:  # transformers shifts the labels by itself
                whole = torch.cat([batch["input_ids"], labels[:, -1:]], dim=1)
                batch, labels = {"input_ids": whole}, whole
            own.append(learner.model(**batch, labels=labels).loss.item())
    assert found.value == pytest.approx(sum(own) / len(own), abs=1e-5)
    assert found.values == pytest.approx(own, abs=1e-5)


@pytest.mark.parametrize("kind", ["writer", "classifier"])
def test_in_micro_batches_the_gradient_is_that_of_the_batch_in_one_piece(kind: str) -> None:
    """Also where the last of them is smaller."""
    whole, parts = (make(*KINDS[kind], f"batch={{sequences: {size}, accumulation: {count}}}") for size, count in ((3, 1), (2, 2)))
    losses = []
    for learner, factor in ((whole, 1.0), (parts, 0.75)):
        with learner.at_rest():
            losses.append(learner.gather(NEUTRAL, factor).loss)
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    for one, other in zip(whole.levers.parameters, parts.levers.parameters, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-6)


def test_levers_are_measured(learner: FinetuneLearner) -> None:
    """What acts on the batch measures what it did."""
    report = learner.step(StepEffect(batch_factor=1.5, target_noise=0.5, extra_steps=1, extra_batch_factor=2.0))
    assert report.measured["batch_factor"] == pytest.approx(1.5)
    assert report.measured["extra_batch_factor"] == pytest.approx(2.0)
    assert report.measured["target_noise"] == pytest.approx(0.5)
    report = learner.step(StepEffect(drop_worst=3))
    assert report.measured["drop_worst"] == 3
    assert report.measured["drop_worst.kept"] < report.measured["drop_worst.dropped"]
    assert learner.step(StepEffect(micro_scales=(0.5, 0.5))).k_effective is not None
    assert learner.step(StepEffect(weight_noise=0.01)).measured["weight_noise"] == pytest.approx(0.01, rel=0.5)


def test_an_epoch_reads_everything_once(learner: FinetuneLearner) -> None:
    """Each sequence comes once an epoch, and the next epoch has another order; a batch may end one and begin the next."""
    reader = learner.reader
    first, second = reader._order(0).clone(), reader._order(1).clone()
    assert len(set(first.tolist())) == len(first)
    assert first.tolist() != second.tolist()
    numbers, place = reader._numbers((0, len(first) - 1), 3)
    assert (numbers.tolist(), place) == ([first[-1].item(), *second[:2].tolist()], (1, 2))
    assert len(reader._numbers((0, 0), 3000 * len(first))[0]) == 3000 * len(first)  # a batch of many epochs


def test_energy_counts_what_learns() -> None:
    """A step on adapters costs less than one on all weights, and more than reading."""
    whole, adapters = make("causal_lm"), make("causal_lm", LORA)
    assert whole.material.training == pytest.approx(3 * whole.material.forward, rel=0.2)
    assert adapters.material.forward < adapters.material.training < whole.material.training


def test_adapters_alone_learn_and_are_kept() -> None:
    """The base stays to the bit, is shared with a fork, and is in no save; what learns moves."""
    learner = make("causal_lm", LORA)
    frozen = {name: p for name, p in learner.model.named_parameters() if not p.requires_grad}
    before = {name: p.clone() for name, p in frozen.items()}
    learner.snapshot()
    learner.step(NEUTRAL)
    learner.step(StepEffect(rollback=True, weight_noise=0.1))
    assert all(torch.equal(p, before[name]) for name, p in frozen.items())
    fork = learner.fork()
    fork.step(NEUTRAL)
    shared = dict(fork.model.named_parameters())
    assert all(shared[name] is p for name, p in frozen.items())
    assert not {f"model.{name}" for name in frozen} & learner.tensors().keys()
    kept = sum(tensor.numel() * tensor.element_size() for name, tensor in learner.tensors().items() if not name.startswith("stream."))
    learning = sum(p.numel() * p.element_size() for p in learner.levers.parameters)
    assert kept < 8 * learning


def test_weights_in_several_files(tmp_path: Path) -> None:
    """Parts in bfloat16 are put together, and learn in float32."""
    from transformers import GPT2LMHeadModel

    folder = tmp_path / "parts"
    shutil.copytree(lab().gpt, folder)
    (folder / "model.safetensors").unlink()
    GPT2LMHeadModel.from_pretrained(lab().gpt, dtype=torch.bfloat16).save_pretrained(folder, max_shard_size="6KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    learner = make("causal_lm", f"model.path={folder}")
    assert {p.dtype for p in learner.levers.parameters} == {torch.float32}
    assert learner.evaluate(8).value == pytest.approx(make("causal_lm").evaluate(8).value, abs=0.05)


def test_some_count_positions_from_behind_the_padding() -> None:
    """RoBERTa's table of positions is longer than the texts it can read."""
    from transformers import GPT2Config, GPT2LMHeadModel, RobertaConfig, RobertaForSequenceClassification

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8, "vocab_size": 9}
    assert context_of(RobertaForSequenceClassification(RobertaConfig(**sizes, max_position_embeddings=34, pad_token_id=1))) == 32
    assert context_of(GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9, n_positions=34))) == 34


def test_a_part_is_frozen() -> None:
    """model.freeze names the beginning of parameters' names."""
    learner = make("causal_lm", "model.freeze=[transformer.wte, transformer.h.0]")
    still = {name for name, p in learner.model.named_parameters() if not p.requires_grad}
    assert {name.startswith(("transformer.wte.", "transformer.h.0.")) for name in still} == {True}
    assert "of them learn" in learner.info().model
    assert not make("causal_lm", "model.freeze=[lm_head]").model.transformer.wte.weight.requires_grad  # they are one


@pytest.mark.parametrize("names", [("0", "1"), ("0.0", "1.0"), ("negative", "positive"), (False, True), (0, 1)])
def test_labels_by_name_or_by_number(names: tuple[object, object], tmp_path: Path) -> None:
    """Rows name a label, or give its place; true and false stand for words, if the campaign names them so."""
    path = tmp_path / "rows.jsonl"
    rows = [{"review": f"the elf sings {n}" if n < 9 else "", "label": names[n % 2]} for n in range(10)]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    labels = "data.labels=['false', 'true']" if isinstance(names[0], bool) else "data.labels=[negative, positive]"
    learner = make("classifier", f"data.path={path}", "data.format=jsonl", labels, "data.validation_fraction=0.5")
    assert sorted(label for _, label in learner.material.shows) == [0, 0, 1, 1]
    assert "Rows without text that were left out: 1. 17% of the tokens are unknown to the tokenizer." in learner.info().note


def test_units_that_were_dead_before_are_no_symptom(learner: FinetuneLearner) -> None:
    """Dead units are those that died in this run: at its beginning there are none."""
    learner.prepare(["examine"])
    assert learner.examine(learner.evaluate(8)).values["dead_units"] == 0.0


def test_what_it_shows_is_true() -> None:
    """The classifier's count of right answers is that of its evaluation; the texts are rows of the validation set."""
    learner = make("classifier")
    first, *lines = learner.perform().splitlines()
    batch = learner.lessons.validation(0, 8)
    with learner.at_rest(), torch.no_grad():
        given = {name: value for name, value in batch.items() if name != LABELS}
        guesses = learner.model(**given).logits.argmax(1)
    assert first == f"{int((guesses == batch[LABELS]).sum())} of 8 right"
    shown = [line.split("”")[0].strip("“").rstrip("…") for line in lines]
    assert all(any(text.startswith(one) for text, _ in learner.material.shows[:8]) for one in shown)


def test_what_it_writes_is_clean_and_its_own() -> None:
    """A text is as long as asked or shorter, holds nothing that a terminal would obey, and is drawn from a stream of its own."""
    learner = make("causal_lm")
    before = learner.weights_sha256()
    text = learner.sample(200, temperature=5.0, top_k=None)
    assert 0 < len(text) <= 200
    assert text.replace("\n", "").replace("\t", "").isprintable()
    assert learner.sample(30, temperature=1.0, top_k=1, prompt="the goblin") == learner.sample(
        30, temperature=1.0, top_k=1, prompt="the goblin"
    )
    assert learner.weights_sha256() == before
    for p in learner.levers.parameters:
        p.data.fill_(math.nan)
    assert isinstance(learner.perform(), str)  # weights that have burst end no game


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Built, trained and asked to speak without a single connection."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    learner = make("causal_lm", LORA)
    learner.step(NEUTRAL)
    learner.perform()


@pytest.mark.parametrize("changed", ["model", "data"])
def test_changed_files_are_told(changed: str, tmp_path: Path) -> None:
    """A run goes on only with the model and the data that it began with; the message names the files."""
    folder, text = tmp_path / "gpt", tmp_path / "tales.txt"
    shutil.copytree(lab().gpt, folder)
    shutil.copy(lab().tales, text)
    run = Run.begin(campaign("causal_lm", "turns=3", f"model.path={folder}", f"data.path={text}"), base=tmp_path, runs=tmp_path / "runs")
    list(run.play(Inbox()))
    Run.resume(run.folder)
    if changed == "data":
        text.write_text(text.read_text("utf-8") + "more\n", "utf-8")
    else:
        from transformers import GPT2LMHeadModel

        model = GPT2LMHeadModel.from_pretrained(folder)
        model.transformer.ln_f.bias.data += 1
        model.save_pretrained(folder)
    with pytest.raises(DataChangedError, match=r"One of .*tales\.txt, .*gpt is no longer what this run learned from up to turn 3"):
        Run.resume(run.folder)


@pytest.mark.parametrize(
    ("task", "settings", "same"),
    [
        ("causal_lm", {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}, False),
        ("classifier", {"padding_side": "left"}, False),
        ("classifier", {"chat_template": "{{ messages }}"}, True),
    ],
)
def test_a_tokenizer_that_reads_otherwise_is_told(task: str, settings: dict[str, object], same: bool, tmp_path: Path) -> None:
    """A run goes on only with the tokens that it began with. A save of before does not know them, and opens."""
    own = lab().gpt if task == "causal_lm" else lab().bert
    folder = tmp_path / own.name
    shutil.copytree(own, folder)
    run = Run.begin(campaign(task, "turns=3", f"model.path={folder}"), base=tmp_path, runs=tmp_path / "runs")
    list(run.play(Inbox()))
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings), "utf-8")
    for again in (Run.resume, from_the_beginning):
        with (
            nullcontext() if same else pytest.raises(DataChangedError, match=r"other tokens than up to turn 3\. .* tokenizer_config\.json")
        ):
            again(run.folder)
    snapshot = saves.read(run.folder)
    snapshot.state["data_sha256"] = snapshot.state["data_sha256"].partition(" ")[0]
    saves.write(run.folder, snapshot, name="", keep=1)
    assert Run.resume(run.folder).campaign.turn == 3


def test_a_run_whose_files_were_renamed_on_the_way_is_trained_again_under_their_new_names(tmp_path: Path) -> None:
    """Absolute paths of model and data, from the first turn on, though its campaign has the old ones."""
    folder, text = tmp_path / "gpt", tmp_path / "tales.txt"
    shutil.copytree(lab().gpt, folder)
    shutil.copy(lab().tales, text)
    run = Run.begin(campaign("causal_lm", "turns=4", f"model.path={folder}", f"data.path={text}"), base=tmp_path, runs=tmp_path / "runs")
    inbox = Inbox()
    for event in run.play(inbox):
        if isinstance(event, StepTaken) and event.turn == 2:
            inbox.stop()
    names = {folder: tmp_path / "model", text: tmp_path / "text.txt"}
    for old, new in names.items():
        old.rename(new)
    resumed = Run.resume(run.folder, (f"model.path={names[folder]}", f"data.path={names[text]}"))
    list(resumed.play(Inbox()))
    assert Verification(from_the_beginning(resumed.folder), watch=lambda event: None).run().verdict == "exact"


def test_windows_stay_inside() -> None:
    """The shortest text has one window; the label of each token is the next one."""
    windows = Windows(torch.arange(5), torch.arange(9), 4, 10, torch.device("cpu"))
    orders = [windows.order(epoch, torch.Generator().manual_seed(epoch)).tolist() for epoch in range(3)]
    assert orders == [[0]] * 3
    assert windows.validated == 2
    batch = windows.train(torch.tensor([0]))
    assert (batch["input_ids"].tolist(), batch[LABELS].tolist()) == ([[0, 1, 2, 3]], [[1, 2, 3, 4]])


@pytest.mark.parametrize(
    ("parameter", "layer"),
    [
        ("transformer.h.0.attn.c_attn.weight", "block 1 attn"),
        ("base_model.model.transformer.h.11.attn.c_attn.lora_A.default.weight", "block 12 attn"),
        ("bert.encoder.layer.1.output.dense.bias", "block 2 output"),
        ("transformer.wte.weight", "wte"),
        ("base_model.model.classifier.modules_to_save.default.weight", "classifier"),
        ("lm_head.weight", "lm_head"),
    ],
)
def test_layers_have_the_models_names(parameter: str, layer: str) -> None:
    """A layer is a block and its part, by the names that the model itself gives."""
    assert layer_name(parameter) == layer
