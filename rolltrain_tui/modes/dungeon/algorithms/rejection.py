"""Rejection sampling: play much, keep the best, and learn to do what was done there, as in RAFT (Dong et al., 2023).

Shapes: B moves, T tokens of an action, P words of a text.
"""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.advantages import mean_over, returns_of
from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm, Rows, Told, means
from rolltrain_tui.modes.dungeon.algorithms.kl import KLCoefficients, exact_kl, sampled_kl
from rolltrain_tui.modes.dungeon.algorithms.ppo import ratios
from rolltrain_tui.modes.dungeon.games.play import COLUMNS, Played, rows_of
from rolltrain_tui.modes.dungeon.player.choice import Choice


def scores(step_returns: Tensor, logprobs: Tensor, reference: Tensor, mask: Tensor, coefficient: float) -> Tensor:
    """The return from each move on, less beta times its distance from the reference: (B,)."""
    return step_returns - coefficient * sampled_kl(logprobs, reference, mask)


def best(found: Tensor, *, number: int | None = None, fraction: float | None = None) -> Tensor:
    """The places of the highest scores, the best first: so many, or that part of them, rounded down. Equal scores keep their order."""
    assert (number is None) != (fraction is None), "keep a number or a fraction"
    keep = min(number, len(found)) if number is not None else int(len(found) * (fraction or 0.0))
    return found.argsort(descending=True, stable=True)[:keep]


def imitation_losses(logprobs: Tensor, mask: Tensor, prompt: Tensor | None = None, prompt_mask: Tensor | None = None) -> Tensor:
    """Cross-entropy of each action, and of its prompt (B, P) too where that is given: the mean over all of its tokens, (B,)."""
    if prompt is None or prompt_mask is None:
        return mean_over(-logprobs, mask)
    return mean_over(torch.cat((-prompt, -logprobs), dim=1), torch.cat((prompt_mask, mask), dim=1))


# ---------------------------------------------------------------------------------------------------------------------
# The algorithm


@dataclass(frozen=True)
class Rejection(Algorithm):
    """All moves of all games are ranked together; the best are imitated, and the others forgotten."""

    gamma_step: float
    keep_number: int | None
    keep_fraction: float | None
    """One of these two is None."""
    entropy: float
    kl: KLCoefficients
    train_prompt: bool = False
    """Whether what was read is imitated as well, each of its words as much as one of the command."""
    title = "rejection sampling"
    whole = True
    targets = ("action",)
    columns = COLUMNS | {"reference": 2}

    @property
    def needs_reference(self) -> bool:
        return self.kl.used

    @property
    def reads_prompts(self) -> bool:
        return self.train_prompt

    def weighed(self, *, entropy: float | None = None, value: float | None = None) -> Self:
        return self if entropy is None else replace(self, entropy=entropy)

    def prepare(self, played: Played, reference: Tensor) -> tuple[Rows, Told]:
        then = played.choice
        found = scores(returns_of(played, self.gamma_step), then.logprobs, reference, played.mask, self.kl.reward)
        places = best(found, number=self.keep_number, fraction=self.keep_fraction)
        if not len(places):
            places = best(found, number=1)  # a small fraction of a few moves rounds down to none
        told = {"rejection/kept": float(len(places)), "rejection/least": found[places[-1]].item(), "rejection/mean": found.mean().item()}
        if self.kl.used:
            told["objective/kl"] = sampled_kl(then.logprobs, reference, played.mask).mean().item()
            self.kl.hear("reward", told["objective/kl"], len(found))
        rows = {**rows_of(played), "reference": reference}
        return {name: column[places] for name, column in rows.items()}, told

    def losses(self, now: Choice, rows: Rows) -> tuple[Tensor, Told]:
        """-log pi + beta KL(pi || ref) - c_e H."""
        mask = rows["mask"]
        imitation = imitation_losses(now.logprobs, mask, now.prompt if self.train_prompt else None, now.prompt_mask)
        ratio = ratios(now.logprobs, rows["logprobs"], mask, "token")
        kl = mean_over(exact_kl(ratio, now.logprobs, rows["reference"]), mask)
        entropy = mean_over(now.entropy, mask)
        total = imitation + self.kl.loss * kl - self.entropy * entropy
        return total, {"objective/entropy": entropy.detach().mean().item()} | means(policy=imitation, kl=kl)

    def stepped(self, told: Told, count: int) -> None:
        self.kl.hear("loss", told["loss/kl_avg"], count)
