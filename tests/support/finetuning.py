"""Small Hugging Face models in folders, made from configs, with tokenizers made here; and files to train them on. Nothing is fetched."""

import atexit
import csv
import json
import random
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

WORDS = [
    "the",
    "goblin",
    "elf",
    "dwarf",
    "sings",
    "drinks",
    "fights",
    "sleeps",
    "in",
    "under",
    "a",
    "tavern",
    "hill",
    "river",
    "with",
    "great",
    "small",
    "red",
]
KIND, UNKIND = ["good", "fine", "merry"], ["bad", "dull", "grim"]
TINY = (
    "turns=12",
    "model.length=8",
    "optimizer.learning_rate=1e-2",
    "batch.sequences=4",
    "schedule.warmup_turns=2",
    "encounters.mode=both",
    "encounters.chance=0.3",
    "camps.every=5",
    "diagnosis.scouts=off",
    "evaluation={every: 4, sequences: 8, final_sequences: 16}",
    "twin={mode: off, turns: 3, sequences: 8}",
    "speech={every: 6, characters: 24, temperature: 1.0, top_k: null}",
    "save={autosave_every: 3, keep: 3}",
    "device.threads=1",
)
"""A dozen small turns."""
LORA = "lora={r: 2, alpha: 4, dropout: 0.1, target_modules: [c_attn]}"


class Lab(NamedTuple):
    """A folder with models and files."""

    folder: Path
    gpt: Path
    """GPT-2's shape, 64 tokens of context."""
    bert: Path
    """BERT's shape, as trained to fill gaps: its head for labels is new."""
    tales: Path
    reviews: Path
    """CSV with columns review and label: positive, negative."""

    def overrides(self, task: str = "causal_lm") -> tuple[str, ...]:
        """Of the template: a dozen small turns of the writer, or of the classifier."""
        if task == "causal_lm":
            return (*TINY, f"model.path={self.gpt}", f"data.path={self.tales}")
        data = f"{{path: {self.reviews}, format: csv, text: review, label: label, labels: [negative, positive]"
        return (
            *TINY,
            f"model={{path: {self.bert}, task: classifier, length: 12, freeze: []}}",
            f"data={data}, validation: null, validation_fraction: 0.2}}",
        )


@cache
def lab() -> Lab:
    """Made once in a process."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = Path(tempfile.mkdtemp(prefix="rolltrain-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    stream = random.Random(0)
    sentences = [" ".join(stream.choice(WORDS) for _ in range(stream.randint(4, 9))) + "." for _ in range(300)]
    (folder / "tales.txt").write_text("\n".join(sentences), encoding="utf-8")
    with (folder / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["review", "label"])
        for place, sentence in enumerate(sentences[:80]):
            liked = place % 2 == 0
            rows.writerow([f"{stream.choice(KIND if liked else UNKIND)} {sentence}", "positive" if liked else "negative"])
    gpt(folder / "gpt", sentences)
    bert(folder / "bert", [*WORDS, *KIND, *UNKIND])
    return Lab(folder, folder / "gpt", folder / "bert", folder / "tales.txt", folder / "reviews.csv")


def gpt(folder: Path, sentences: list[str]) -> None:
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<end>"], initial_alphabet=letters, show_progress=False)
    tokenizer.train_from_iterator(sentences, trainer)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<end>", eos_token="<end>").save_pretrained(folder)
    size = tokenizer.get_vocab_size()
    config = GPT2Config(vocab_size=size, n_positions=64, n_embd=16, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        GPT2LMHeadModel(config).save_pretrained(folder)


def bert(folder: Path, words: list[str]) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate([*marks, ".", *words])}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertForMaskedLM(config).save_pretrained(folder)


def settings_of(folder: Path, **values: object) -> None:
    """Change values of a folder's config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")
