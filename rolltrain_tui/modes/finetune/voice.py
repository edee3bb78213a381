"""What a fine-tuned model shows of itself: text that it writes, or examples that it classifies. The texts of others are cleaned."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.base.safe_text import clean, one_line

LOOK = 8
"""Tokens between two looks at the length of the text."""


@torch.no_grad()
def write(
    model: nn.Module,
    decode: Callable[[list[int]], str],
    start: Tensor,
    *,
    characters: int,
    temperature: float,
    top_k: int | None,
    room: int | None,
    end: int | None,
    stream: torch.Generator,
) -> str:
    """What the model, which is at rest, writes after the token ids `start`, (1, T), drawn token by token from `stream`.

    It ends with `characters`, with the token `end`, or with `room`, the tokens that the model can read at once.
    """
    written: list[int] = []
    most = characters if room is None else max(1, min(characters, room - start.shape[1]))
    while len(written) < most:
        # All of it is read again for each token: models differ in how they keep what they have read, and samples are short
        output: Any = model(input_ids=torch.cat([start, start.new_tensor([written])], dim=1))
        token = _drawn(output.logits[0, -1].float().cpu(), temperature, top_k, stream)
        if token == end:
            break
        written.append(token)
        if len(written) % LOOK == 0 and len(decode(written)) >= characters:
            break
    return clean(decode(written))[:characters]


def _drawn(logits: Tensor, temperature: float, top_k: int | None, stream: torch.Generator) -> int:
    """One token, drawn by its probability. Where the weights are NaN, all tokens are equally likely."""
    logits = logits.nan_to_num(0.0, 0.0, 0.0) / temperature
    if top_k is not None:
        best = logits.topk(min(top_k, len(logits))).values
        logits = logits.masked_fill(logits < best[-1], -torch.inf)
    return int(torch.multinomial(logits.softmax(0), 1, generator=stream))


def judged(probabilities: Tensor, shows: Sequence[tuple[str, int]], labels: Sequence[str], drawn: Sequence[int], characters: int) -> str:
    """How many are right, and some of the texts with the label they were given. `probabilities`: (n, C); `drawn`: numbers below n."""
    chances, guesses = probabilities.max(dim=1)
    right = sum(guess == label for guess, (_, label) in zip(guesses.tolist(), shows, strict=True))
    lines = [f"{right} of {len(shows)} right"]
    for i in drawn:
        text, label = shows[i]
        guess = int(guesses[i])
        verdict = "right" if guess == label else f"wrong, it is {_name(labels[label])}"
        lines.append(f"“{one_line(text, characters)}” {_name(labels[guess])} {chances[i].item():.0%}, {verdict}")
    return "\n".join(lines)


def _name(label: str) -> str:
    return one_line(label, 24)
