"""Reading on behind a text, one token at a time: the keys and values of what was read before are kept.

Shapes: B texts, S tokens of the longest, C channels. Texts are padded behind; the tokens that follow stand behind the padding in the
cache, at the positions directly behind their own text.
"""

from dataclasses import replace
from inspect import signature
from typing import Any, Protocol

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.player.hugging import Borrowed
from rolltrain_tui.modes.text.gpt import GPT, KeyValueCache


class CachedReading(Protocol):
    hidden: Tensor
    """(B, C) at the last token that was read."""

    def go_on(self, token: Tensor) -> None:
        """One more token of each row, (B,)."""
        ...


def begin(model: GPT | Borrowed, text: Tensor, length: Tensor, more: int) -> CachedReading:
    """Reads texts (B, S) of these lengths (B,), behind which `more` tokens may follow."""
    return _Own(model, text, length, more) if isinstance(model, GPT) else _Borrowed(model, text, length)


class _Own:
    """The built-in GPT."""

    def __init__(self, gpt: GPT, text: Tensor, length: Tensor, more: int) -> None:
        B, S = text.shape
        self._gpt = gpt
        self._positions: Tensor | None = None
        """Where the next token of each row stands; None where it stands directly behind what the cache holds."""
        self._cache = KeyValueCache(replace(gpt.config, context=S + more), B, like=gpt.wte.weight)
        self._mask: Tensor | None = None
        if int(length.min()) < S:  # who reads on must not look at the padding
            slots = torch.arange(S + more, device=text.device)
            self._mask = ((slots < length[:, None]) | (slots >= S))[:, None, None]  # (B, 1, 1, S + more)
            self._positions = length[:, None]
        self.hidden = gpt.hidden(text, self._cache, last=length - 1)[:, 0]

    def go_on(self, token: Tensor) -> None:
        mask = None if self._mask is None else self._mask[..., : self._cache.length + 1]
        self.hidden = self._gpt.hidden(token[:, None], self._cache, positions=self._positions, mask=mask)[:, 0]
        if self._positions is not None:
            self._positions = self._positions + 1


class _Borrowed:
    """A Hugging Face model, which fills a cache of its library."""

    def __init__(self, model: Borrowed, text: Tensor, length: Tensor) -> None:
        from transformers import DynamicCache

        S = text.shape[1]
        self._model: Any = model.model.base_model
        own = DynamicCache(config=model.model.config)
        self._cache = {"cache" if "cache" in signature(self._model.forward).parameters else "past_key_values": own}  # renamed in 5.24
        self._there = torch.arange(S, device=text.device) < length[:, None]  # (B, S)
        self._positions = length
        states = self._read(text, torch.arange(S, device=text.device).expand_as(text))
        self.hidden = states.gather(1, (length - 1)[:, None, None].expand(-1, 1, states.shape[2]))[:, 0]

    def go_on(self, token: Tensor) -> None:
        self._there = torch.cat((self._there, torch.ones_like(self._there[:, :1])), dim=1)
        self.hidden = self._read(token[:, None], self._positions[:, None])[:, 0]
        self._positions = self._positions + 1

    def _read(self, tokens: Tensor, positions: Tensor) -> Tensor:
        told = {"position_ids": positions, "attention_mask": self._there.long(), "use_cache": True, **self._cache}
        read: Tensor = self._model(input_ids=tokens, **told).last_hidden_state
        return read
