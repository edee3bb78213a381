"""The original's example, without its downloads: a small BERT learns whether a tavern review is kind, and the dice have a say.

    python -m rolltrain_tui.integrations.sentiment            # a progress bar, then the accuracy
    python -m rolltrain_tui.integrations.sentiment --play     # the game on screen

Reviews are generated: one in three negates its word ("not a bad stew"), so counting words is not enough. The model has its shape from a
configuration and its weights from a seed. Copy this file for a model and data of your own: the part that matters is `trainer_of`.
"""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from rolltrain_tui import Barbarian, Cleric, Fighter, Paladin, Rogue, RollToTrain, Wizard
from rolltrain_tui.integrations.terms.characters import Character

KIND = ("fine", "warm", "splendid", "honest", "cheerful", "generous", "crisp", "hearty")
UNKIND = ("foul", "cold", "dreary", "greasy", "sullen", "stingy", "stale", "bitter")
THINGS = ("stew", "ale", "bed", "innkeeper", "fire", "bard", "bread", "cellar", "stable", "song")
FRAMES = ("the {thing} was {word}", "what a {word} {thing}", "a {word} {thing} and a long night", "we found the {thing} {word} again")
NEGATED = ("the {thing} was never {word}", "not a {word} {thing} at all", "nobody calls the {thing} {word}")
CLASSES: Mapping[str, type[Character]] = {kind.hero_class: kind for kind in (Barbarian, Wizard, Rogue, Fighter, Cleric, Paladin)}


def review(chance: random.Random) -> dict[str, Any]:
    """One review and its label, 1 for kind."""
    kind, negated = chance.random() < 0.5, chance.random() < 1 / 3
    word, frame = chance.choice(KIND if kind else UNKIND), chance.choice(NEGATED if negated else FRAMES)
    return {"text": frame.format(thing=chance.choice(THINGS), word=word), "label": int(kind != negated)}


class Words:
    """Whole words to numbers; called as Hugging Face's tokenizers are. 0 fills up, 1 is any word it has never seen."""

    def __init__(self) -> None:
        words = " ".join((*KIND, *UNKIND, *THINGS, *FRAMES, *NEGATED)).split()
        self.numbers = {word: n for n, word in enumerate(dict.fromkeys(words), 2)}

    def __len__(self) -> int:
        return len(self.numbers) + 2

    def __call__(self, texts: list[str], **how: Any) -> dict[str, Tensor]:
        lines = [[self.numbers.get(word, 1) for word in text.split()] for text in texts]
        longest = max(map(len, lines))
        ids = torch.tensor([line + [0] * (longest - len(line)) for line in lines])  # (B, T)
        return {"input_ids": ids, "attention_mask": (ids > 0).long()}


def small_bert(words: int, seed: int) -> nn.Module:
    """Two layers, 64 wide. ImportError says what to install."""
    try:
        from transformers import BertConfig, BertForSequenceClassification
    except ImportError:
        raise ImportError("the sentiment example needs transformers: pip install 'rolltrain-tui[hf]'") from None
    torch.manual_seed(seed)
    size: dict[str, Any] = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}
    model: nn.Module = BertForSequenceClassification(BertConfig(vocab_size=words, max_position_embeddings=32, **size))
    return model


def loaders(seed: int) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """1024 reviews to learn from, 256 others to be tested on."""
    chance = random.Random(seed)
    reviews: Any = [review(chance) for _ in range(1280)]
    return DataLoader(reviews[:1024], batch_size=8, shuffle=True), DataLoader(reviews[1024:], batch_size=64)


def trainer_of(words: Words, *, seed: int, **terms: Any) -> RollToTrain:
    model = small_bert(len(words), seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    how: dict[str, Any] = {"accumulation_steps": 4, "scheduler_every": "epoch", "seed": seed, "name": "Tavern Reviews"}
    return RollToTrain(model, optimizer, scheduler, tokenizer=words, **how, **terms)


@torch.no_grad()
def accuracy(model: nn.Module, words: Words, test: DataLoader[Any]) -> float:
    model.eval()
    right = [model(**words(batch["text"])).logits.argmax(1) == batch["label"] for batch in test]
    return torch.cat(right).double().mean().item()


@click.command(help=__doc__)
@click.option("--play", is_flag=True, help="The game on screen instead of a progress bar.")
@click.option("--class", "character", type=click.Choice(sorted(CLASSES)), default="wizard", show_default=True, help="The hero's class.")
@click.option("--intelligence", type=click.IntRange(1, 20), default=15, show_default=True, help="Modifies the turn's roll.")
@click.option("--dc", type=click.IntRange(1, 30), default=12, show_default=True, help="What a roll must reach.")
@click.option("--rulebook", default="hero", show_default=True, help="hero, source (the original's), off ...")
@click.option("--epochs", type=click.IntRange(min=1), default=4, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder that holds the runs.")
def main(play: bool, character: str, intelligence: int, dc: int, rulebook: str, epochs: int, seed: int, out: Path | None) -> None:
    words, (train, test) = Words(), loaders(seed)
    hero = CLASSES[character](level=1)
    terms = {"rulebook": rulebook, "intelligence": intelligence, "dc": dc, "num_epochs": epochs}
    try:
        trainer = trainer_of(words, seed=seed, character_class=hero, runs=out, **terms)
        (trainer.play if play else trainer.train)(train, test)
    except (ValueError, ImportError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"accuracy on 256 other reviews: {accuracy(trainer.model, words, test):.3f}")


if __name__ == "__main__":
    main()
