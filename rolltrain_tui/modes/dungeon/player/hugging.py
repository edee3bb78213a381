"""A Hugging Face language model from a folder as the dungeon's player: its words, and its reading of commands side by side."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.dungeon.player.offers import laid_out, read
from rolltrain_tui.modes.dungeon.player.stops import StopRule
from rolltrain_tui.modes.finetune.folder import ModelFolder, ModelFolderError, look
from rolltrain_tui.modes.finetune.loading import Loaded, context_of, load_writer
from rolltrain_tui.modes.text.corpora.text_file import shown

KEPT = 20_000
"""Texts whose token numbers are cached."""


class Subwords:
    """The tokenizer with the methods of `Vocabulary`. Without a token that begins texts, it uses the one that ends them."""

    def __init__(self, tokenizer: Any, count: int) -> None:
        self._tokenizer, self._count = tokenizer, count
        self._read: dict[str, tuple[int, ...]] = {}
        begin = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        self.begin: int = begin if begin is not None else self.numbers(".")[0]
        self.pad = 0
        """Any number will do: padding is recognised by the lengths of texts."""

    def __len__(self) -> int:
        return self._count

    def numbers(self, text: str) -> tuple[int, ...]:
        """The tokens of a text, as it stands behind other words."""
        if not text:
            return ()
        found = self._read.get(text)
        if found is None:
            if len(self._read) >= KEPT:
                self._read.clear()
            found = self._read[text] = tuple(self._tokenizer(f" {text}", add_special_tokens=False)["input_ids"])
        return found

    def text(self, numbers: Sequence[int]) -> str:
        """The text of these tokens, without special ones."""
        told: str = self._tokenizer.decode(list(numbers), skip_special_tokens=True)
        return told

    def reading(self) -> str:
        """Hash of how a text is read: another tokenizer gives it other tokens."""
        own = [self.begin, *self.numbers("You are in the Crypt. Exits: east (visited), north. > take black key, 12 points!")]
        return hashlib.sha256(repr([own, self._tokenizer.all_special_ids]).encode()).hexdigest()

    def stop_rule(self) -> StopRule:
        """By the text of each token; the token that ends texts is found by its number."""
        known = min(len(self._tokenizer), self._count)
        special = set(self._tokenizer.all_special_ids)
        pieces = ["" if n in special or n >= known else self._tokenizer.decode([n]) for n in range(self._count)]
        end = self._tokenizer.eos_token_id
        ends = () if end is None else (end,)
        return StopRule(pieces, ends, never=[n for n in range(self._count) if n not in ends and (n in special or n >= known)])


class Borrowed(nn.Module):
    """The model itself, read as `GPT` is."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def hidden(self, idx: Tensor, *, positions: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """The last hidden layer: (B, T) -> (B, T, C). `mask` (B, 1, T, T) is added to the scores."""
        told = None if mask is None else mask.to(self.model.dtype)
        found = self.model.base_model(input_ids=idx, position_ids=positions, attention_mask=told, use_cache=False)
        read_: Tensor = found.last_hidden_state
        return read_

    def logits(self, hidden: Tensor) -> Tensor:
        found: Tensor = self.model.get_output_embeddings()(hidden)
        return found


def borrowed(path: Path, freeze: list[str], context: int) -> tuple[Borrowed, Subwords, int, ModelFolder]:
    """The model in a folder, its words, its width and the folder. ModelFolderError, MissingPackageError, in words."""
    folder = look(path)
    loaded = load_writer(folder, freeze)
    model: Any = loaded.model
    limit = context_of(model)
    if limit is not None and context > limit:
        raise ModelFolderError(
            f"model.context: {context} tokens are more than the {limit} that the model in {shown(path)} can read; set it to at most {limit}"
        )
    words = Subwords(loaded.tokenizer, loaded.vocabulary)
    _refuse_one_after_another(loaded, words, path)
    return Borrowed(model), words, int(model.get_input_embeddings().weight.shape[1]), folder


@torch.no_grad()
def _refuse_one_after_another(loaded: Loaded, words: Subwords, path: Path) -> None:
    """ModelFolderError for a model that does not read commands side by side as it reads each of them alone."""
    model = Borrowed(loaded.model).eval()
    offers = read(words, ["a hall"], [["go on", "look at it"]], 64)
    layout = laid_out(offers)
    together = model.logits(model.hidden(layout.tokens, positions=layout.positions, mask=layout.mask))
    second = offers.commands[0, 1, : offers.words[0, 1]]
    alone = model.logits(model.hidden(torch.cat((offers.text[0], second))[None]))
    width = offers.commands.shape[2] - 1
    there = torch.cat((together[0, layout.state], together[0, offers.text.shape[1] + width :][: len(second) - 1]))
    here = alone[0, offers.text.shape[1] - 1 : -1]
    loaded.model.train()
    if not torch.allclose(there, here, rtol=1e-3, atol=1e-3):
        raise ModelFolderError(
            f"{shown(path)}: a model of this type cannot read several commands side by side, which the dungeon needs; take one of GPT-2's "
            "or Llama's kind"
        )
