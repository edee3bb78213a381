"""How far are the errors to be believed that stand behind a validation loss and behind a twin's verdict?

    python tests/benchmarks/error_bars.py [FIRST [TWINS [TEXTS]]]           by default 1, 40 and 200

Each error is the standard deviation over pieces of text, over the root of their number, and larger where they overlap. Part 1 trains
small GPTs on names and tests them on TEXTS other texts of one length by the same grammar. How often does the loss of one, or the
difference of hero and twin on it, lie more than two errors from what much text gives? It should be 1 in 20; in brackets, where the overlap
is ignored. Part 2 sends TWINS twins, from seed FIRST on, which read other batches than their hero: no ability was used, so what differs is
chance. How many say helped or hurt?
"""

import sys
from dataclasses import dataclass, replace
from random import Random

import torch
from torch import Tensor
from twin_verdicts import HELD, SEQUENCES, TUNED, WARM_UP, learner_at

from rolltrain_tui.game.counterfactual import Comparison, Twin, comparison_of, look_turns
from rolltrain_tui.modes.text.corpora.built_in import BUILT_IN
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import Evaluation

MUCH = 4096
"""Pieces of the long text that stands for all texts."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """What an evaluation reads."""

    who: str
    context: int
    count: int
    characters: int
    """Of the validation text."""


SHAPES = (
    Pieces("overfit_manor", context=32, count=64, characters=425),
    Pieces("tutorial", context=32, count=64, characters=25_000),
    Pieces("tiny_gpt, final", context=64, count=1024, characters=25_000),
)


def names(learner: TextLearner, characters: int, seed: int) -> Tensor:
    """Names that nobody has read: (characters,)."""
    grammar, random, text = BUILT_IN["names"].grammar, Random(seed), ""
    while len(text) < characters:
        text += grammar.sample(random)
    return torch.tensor(learner.corpus.encode(text[:characters]))


def tested(learner: TextLearner, text: Tensor, count: int) -> Evaluation:
    """On this text in place of the validation text."""
    return learner.fork(replace(learner.corpus, val=text)).evaluate(count)


def parted(context: int, seed: int) -> tuple[TextLearner, TextLearner]:
    """A hero whose updates were half as large again for some turns, and its twin."""
    hero = learner_at(TUNED, seed, context)
    for _ in range(WARM_UP):
        hero.step(NEUTRAL)
    twin = hero.fork()
    for turn in range(2 * HELD):
        twin.step(NEUTRAL)
        hero.step(StepEffect(update_scale=1.5) if turn < HELD else NEUTRAL)
    return hero, twin


def missed(pieces: Pieces, texts: int, seed: int, *, ignored: bool = False) -> tuple[int, int]:
    """On how many texts the hero's loss, and its difference from the twin's, lie more than two errors from the truth.

    `ignored`: with errors as if no piece held a part of another.
    """
    hero, twin = parted(pieces.context, seed)

    def both(text: Tensor, count: int) -> tuple[Comparison, Comparison]:
        ours, theirs = tested(hero, text, count), tested(twin, text, count)
        overlap = 1.0 if ignored else ours.overlap
        differences = [a - b for a, b in zip(ours.values, theirs.values, strict=True)]
        return comparison_of(ours.values, overlap=overlap), comparison_of(differences, overlap=overlap)

    truth = both(names(hero, 8 * MUCH * pieces.context, seed), MUCH)
    found = [0, 0]
    for text in range(1, texts + 1):
        for which, told in enumerate(both(names(hero, pieces.characters, 1000 * seed + text), pieces.count)):
            found[which] += abs(told.delta - truth[which].delta) > 2 * told.standard_error
    return found[0], found[1]


def verdict_on_chance(seed: int) -> Comparison:
    """Of a twin that read other batches than its hero, and differs in nothing else."""
    hero = learner_at(TUNED, seed)
    for _ in range(WARM_UP):
        hero.step(NEUTRAL)
    twin, looks = Twin(hero), look_turns(2 * HELD)
    twin.learner.streams["data"].manual_seed(seed + 1_000_000)
    for turn in range(2 * HELD):
        twin.learner.step(NEUTRAL)
        hero.step(NEUTRAL)
        if turn + 1 in looks:
            twin.look(SEQUENCES // len(looks))
    return twin.judge()


def main(first: int = 1, twins: int = 40, texts: int = 200) -> None:
    torch.set_num_threads(1)
    for pieces in SHAPES:
        loss, difference = missed(pieces, texts, first)
        small = missed(pieces, texts, first, ignored=True)
        told = f"{pieces.count} pieces of {pieces.context} characters from a text of {pieces.characters:,} ({pieces.who})"
        print(f"{told}: of {texts} texts beyond two errors:", end=" ")
        print(f"loss on {loss} ({small[0]}), hero - twin on {difference} ({small[1]})", flush=True)
    verdicts = [verdict_on_chance(seed).verdict for seed in range(first, first + twins)]
    print(f"of {twins} twins that read other batches {verdicts.count('helped')} say helped and {verdicts.count('hurt')} hurt")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
