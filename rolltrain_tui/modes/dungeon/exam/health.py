"""What an examination of the dungeon measures besides the signals of all modes. It changes nothing, and draws no random number.

    policy_shift   mean over the last turns of the approximate KL between the policy that learns and the one that played
    clip_share     mean over the last turns of the part of the moves whose ratio was clipped
    indecision     mean over the first lessons of the entropy of the choice / log of the commands on offer: 1 at random, 0 always the same
    resolve        1 - indecision
    stubborn       part of the unseen worlds that were not won, where indecision is below CERTAIN; 0 elsewhere
    memory_gap     part of the worlds of training that is won, less that of the unseen ones
    circling       part of the moves, in worlds of training, that led to a sight which the game had shown before; of a player who
                   chooses: words that no world understands change nothing either
    foresight      explained variance of the values, in the last games that were played

Signals that the algorithm does not measure are left out. For a young player so are those of its choice and of its values.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.exam.judging import Verdict
from rolltrain_tui.modes.dungeon.player.policy import Seen

RECENT = 24
"""Turns over which the shift of the policy is told."""
CERTAIN = 0.25
"""Indecision below which nothing is tried any more."""
TOLD = {"policy_shift": "policy/approxkl_avg", "clip_share": "policy/clipfrac_avg"}
"""Signals that are means of what each turn tells."""

Recent = tuple[tuple[float, ...], ...]
"""A row for each turn, the oldest first, with one number for each name in TOLD."""


def heard(recent: Recent, told: Mapping[str, float]) -> Recent:
    """With one more turn."""
    if not all(name in told for name in TOLD.values()):
        return recent
    return (*recent, tuple(told[name] for name in TOLD.values()))[-RECENT:]


def signals(
    recent: Recent, told: Mapping[str, float], seen: Sequence[tuple[Seen, Tensor]], lost: float, trained: Sequence[Verdict]
) -> dict[str, float]:
    """`told`: of the last games. `seen`: readings of lessons, and the commands on offer (B,); none of a young player.

    `lost`: part of the unseen worlds. `trained`: how it does in worlds of training.
    """
    found: dict[str, float] = {}
    if recent:
        found |= {name: sum(turn[place] for turn in recent) / len(recent) for place, name in enumerate(TOLD)}
    shares = []
    for look, offered in seen:
        entropy = look.of(torch.zeros(len(offered), dtype=torch.long, device=offered.device)).entropy[:, 0]
        chosen = offered > 1
        shares.append(entropy[chosen] / offered[chosen].float().log())
    if sum(map(len, shares)):
        found["indecision"] = torch.cat(shares).mean().item()
        found["resolve"] = 1 - found["indecision"]
        found["stubborn"] = lost if found["indecision"] < CERTAIN else 0.0
        found["circling"] = sum(verdict.again for verdict in trained) / max(1, sum(verdict.moves for verdict in trained))
    if seen:
        found["memory_gap"] = lost - sum(not verdict.won for verdict in trained) / len(trained)
    if seen and "val/explained_variance" in told:
        found["foresight"] = told["val/explained_variance"]
    return found
