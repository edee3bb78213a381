"""Rulebooks: the named tables from a roll to k, the multiple of the plain update that the turn asks for.

`hero` is the default. The others follow Roll-to-Train's program, its README and its methodology page, so that each can be tried. `odds` is
the exact arithmetic of any of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Literal, get_args

from rolltrain_tui.base.promises import fault, kept
from rolltrain_tui.base.registry import Registry
from rolltrain_tui.protocol.effects import OnZero, StepEffect
from rolltrain_tui.protocol.events import Outcome
from rolltrain_tui.rules.dice import Advantage
from rolltrain_tui.rules.naming import RulesError
from rolltrain_tui.rules.plugin_checks import check_row, one_of, require

Hook = Literal["update", "lr", "loss", "grad"]
RollOn = Literal["step", "micro", "last-micro"]
Window = Literal["mean", "sum"]

LOWEST_K, HIGHEST_K = -1.0, 3.0
"""Bounds of k after everything that multiplies it."""


def bounded(k: float) -> float:
    return min(HIGHEST_K, max(LOWEST_K, k))


def within_bounds(k: float, others: float) -> float:
    """k, limited so that k x `others` stays within the bounds. `others` > 0 is the product of all other factors on the update."""
    product = k * others
    return k if LOWEST_K <= product <= HIGHEST_K else bounded(product) / others


def scaled_dc(dc: int, sides: int) -> int:
    """The difficulty class that is as hard on this die as `dc` is on a d20: ceil(dc x sides / 20)."""
    return -(-dc * sides // 20)


@dataclass(frozen=True, slots=True)
class Formula:
    """One cell of a rulebook: k from (total, dc, sides), and its text."""

    text: str
    k: Callable[[int, int, int], float]


def _always(k: float, text: str) -> Formula:
    return Formula(text, lambda total, dc, sides: k)


MINUS_ONE, ZERO, HALF, ONE, TWO = (_always(k, text) for k, text in ((-1.0, "-1"), (0.0, "0"), (0.5, "1/2"), (1.0, "1"), (2.0, "2")))
ONE_PLUS_MARGIN = Formula("1 + (total - DC) / sides", lambda total, dc, sides: 1 + (total - dc) / sides)
HUNDREDTH_MARGIN = Formula("(total - DC) / 100", lambda total, dc, sides: (total - dc) / 100)
MINUS_HUNDREDTH = Formula("-(DC - total) / 100", lambda total, dc, sides: -(dc - total) / 100)
ROLL_FRACTION = Formula("total / sides", lambda total, dc, sides: total / sides)
MINUS_FRACTION = Formula("-total / sides", lambda total, dc, sides: -total / sides)


@dataclass(frozen=True, slots=True)
class Table:
    """The four cells of a rulebook."""

    fumble: Formula
    miss: Formula
    hit: Formula
    crit: Formula

    def cell(self, outcome: Outcome) -> Formula:
        return {"fumble": self.fumble, "miss": self.miss, "hit": self.hit, "crit": self.crit}[outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """How a roll becomes k, where k acts, and when dice are rolled. `dataclasses.replace` makes a variant."""

    name: str
    title: str
    summary: str
    table: Table
    hook: Hook = "update"
    """Where k acts when the turn has one k; on "micro" it always acts on the loss."""
    roll_on: RollOn = "step"
    """step: one roll a turn. micro: one per micro-batch. last-micro: one per micro-batch, and only the last counts."""
    on_zero: OnZero = "hold"
    natural: bool = True
    """Fumble and critical hit go by the natural die; False: by the total, as in the original program."""
    scales_dc: bool = True
    """The difficulty class is scaled to the die."""
    window: Window = "mean"
    """roll_on micro: how the weighted gradients of the turn's K micro-batches are joined."""
    level_bonus: float = 0.0
    """k grows by this fraction for every level after the first."""
    faces: tuple[float, ...] = ()
    """k for each natural face, lowest first; when given, it takes the place of the table."""

    def difficulty(self, dc: int, sides: int) -> int:
        """The total a hit needs on this die, `dc` being the campaign's number for a d20."""
        return scaled_dc(dc, sides) if self.scales_dc else dc

    @property
    def rides_on_lr(self) -> bool:
        """k multiplies the learning rate, which cannot be negative."""
        return self.hook == "lr" and self.roll_on != "micro"

    def judge(self, natural: int, modifier: int, dc: int, sides: int, level: int) -> tuple[Outcome, float]:
        """The outcome of a roll and its k, within [-1, 3]. `dc` is the campaign's number for a d20."""
        total, needed = natural + modifier, self.difficulty(dc, sides)
        outcome = self._outcome(natural if self.natural else total, total, needed, sides)
        k = self._face(natural) if self.faces else self.table.cell(outcome).k(total, needed, sides)
        return outcome, bounded(k * (1 + self.level_bonus * (level - 1)))

    @staticmethod
    def _outcome(seen: int, total: int, needed: int, sides: int) -> Outcome:
        if seen == 1:
            return "fumble"
        if seen == sides:
            return "crit"
        return "hit" if total >= needed else "miss"

    def _face(self, natural: int) -> float:
        if natural > len(self.faces):
            raise RulesError(f"The custom rulebook names {len(self.faces)} faces; a {natural} was rolled.")
        return self.faces[natural - 1]

    def effect(self, scales: Sequence[float]) -> StepEffect:
        """The levers for the turn's k, one per roll, abilities included. A learning rate cannot be negative: it stops at 0."""
        if self.roll_on == "micro":
            weight = len(scales) if self.window == "sum" else 1
            return StepEffect(micro_scales=_unless_all_one(tuple(weight * k for k in scales)), on_zero=self.on_zero)
        k = scales[-1]
        if self.hook == "update":
            return StepEffect(update_scale=k, on_zero=self.on_zero)
        if self.hook == "lr":
            return StepEffect(lr_scale=max(0.0, k), on_zero=self.on_zero)
        if self.hook == "loss" and self.roll_on == "step":
            return StepEffect(loss_scale=k, on_zero=self.on_zero)
        return StepEffect(grad_scale=k, on_zero=self.on_zero)


def _unless_all_one(scales: tuple[float, ...]) -> tuple[float, ...]:
    return () if all(k == 1 for k in scales) else scales


# fmt: off
#                     fumble     miss             hit               crit
_HERO        = Table(ZERO,      HALF,            ONE_PLUS_MARGIN,  TWO)
_SOURCE      = Table(MINUS_ONE, ZERO,            HUNDREDTH_MARGIN, ONE)
_README      = Table(MINUS_ONE, MINUS_HUNDREDTH, ROLL_FRACTION,    ONE)
_METHODOLOGY = Table(ZERO,      MINUS_FRACTION,  ROLL_FRACTION,    ONE)
_OFF         = Table(ONE,       ONE,             ONE,              ONE)
# fmt: on

_BOOKS = (
    Rulebook(
        name="hero",
        title="The Hero's Rulebook",
        summary="A miss is half an update, a hit a little more than a whole one, a critical hit two; a fumble holds the weights still.",
        table=_HERO,
    ),
    Rulebook(
        name="source",
        title="The Cursed Tome: Source",
        summary="Roll-to-Train as its program has it: every micro-batch rolls, the loss is scaled, and criticals are seen on the total.",
        table=_SOURCE,
        hook="loss",
        roll_on="micro",
        natural=False,
        scales_dc=False,
        window="sum",
    ),
    Rulebook(
        name="source-fixed",
        title="The Cursed Tome, Amended",
        summary="The same numbers as source, with criticals on the natural die, one roll a turn, and k acting on the update itself.",
        table=_SOURCE,
    ),
    Rulebook(
        name="readme",
        title="The Cursed Tome: Readme",
        summary="As Roll-to-Train's README tells it: a hit is the roll's fraction of an update, a miss a small step back.",
        table=_README,
    ),
    Rulebook(
        name="methodology",
        title="The Cursed Tome: Methodology",
        summary="As Roll-to-Train's methodology page tells it: a miss is a large step back. It unlearns as fast as it learns.",
        table=_METHODOLOGY,
    ),
    Rulebook(
        name="classic-xp",
        title="The Hero's Rulebook, with Classic XP",
        summary="hero, with k grown by a tenth for every level after the first, on the update where it really acts.",
        table=_HERO,
        level_bonus=0.1,
    ),
    Rulebook(
        name="off",
        title="The Closed Book",
        summary="The dice are cast and shown, and k is 1 whatever they say: plain training, to compare with.",
        table=_OFF,
    ),
)


DICE = (4, 6, 8, 10, 12, 20, 100)


def check_rulebook(name: str, row: object) -> Rulebook:
    """The row, if a plug-in may add it under this name. RowError says why not."""
    book = check_row(Rulebook, name, row, hyphens=True)
    require(name != "custom", "custom is the player's own table")
    require(not (wrong := fault(book.table, Table)), f"its table is {wrong}")
    require(not book.faces, "faces go by one die; write a Table, which any die can roll on")
    one_of(book, hook=get_args(Hook), roll_on=get_args(RollOn), on_zero=get_args(OnZero), window=get_args(Window))
    for sides in DICE:
        for face in range(1, sides + 1):
            k = book.judge(face, 0, 12, sides, 1)[1]
            require(isinstance(k, int | float) and isfinite(k), f"on a {face} of a d{sides} its k is no number")
    return book


def held(book: Rulebook) -> Rulebook:
    """The rulebook, its formulas held to numbers."""

    def cell(outcome: Outcome) -> Formula:
        formula = book.table.cell(outcome)
        return replace(formula, k=kept(formula.k, float, "rulebook", book.name, f"k for a {outcome}", finite=True))

    return replace(book, table=Table(*map(cell, get_args(Outcome))))


RULEBOOKS = Registry("rolltrain.rulebooks", _BOOKS, kind="rulebook", check=check_rulebook, held=held)
"""Every rulebook but the player's own, which `custom_rulebook` makes."""


def custom_rulebook(faces: Sequence[float]) -> Rulebook:
    """A rulebook from k for each natural face, lowest first. Outcomes are named as in `hero`; k is limited to [-1, 3]."""
    if not faces:
        raise RulesError("A custom rulebook needs k for every face of the die.")
    summary = "The player's own table: one k for each natural face."
    return Rulebook(name="custom", title="A Rulebook of Your Own", summary=summary, table=_HERO, faces=tuple(float(k) for k in faces))


@dataclass(frozen=True, slots=True)
class Odds:
    """What a rulebook's k is on average over the die."""

    mean: float
    """E[k]: how much of plain training's progress is asked for."""
    rms: float
    """sqrt(E[k^2])."""
    deviation: float
    """Standard deviation of k."""
    p_zero: float
    """Share of rolls with k = 0."""
    efficiency: float
    """mean / rms: what is left of the learning rate under Adam when k acts on the loss; 0 when k is always 0."""


def odds(rulebook: Rulebook, sides: int, modifier: int, dc: int, advantage: Advantage, level: int = 1) -> Odds:
    """Exact, by enumerating the faces of the die (or of two dice)."""
    weights = face_weights(sides, advantage)
    scales = [rulebook.judge(natural, modifier, dc, sides, level)[1] for natural in range(1, sides + 1)]
    total = sum(weights)
    mean = sum(w * k for w, k in zip(weights, scales, strict=True)) / total
    square = sum(w * k * k for w, k in zip(weights, scales, strict=True)) / total
    variance = sum(w * (k - mean) ** 2 for w, k in zip(weights, scales, strict=True)) / total
    p_zero = sum(w for w, k in zip(weights, scales, strict=True) if k == 0) / total
    rms = sqrt(square)
    return Odds(mean, rms, sqrt(variance), p_zero, mean / rms if rms else 0.0)


def face_weights(sides: int, advantage: Advantage) -> list[int]:
    """The number of ways in which each face can count, lowest first."""
    if advantage == "none":
        return [1] * sides
    keep_high = [2 * face - 1 for face in range(1, sides + 1)]
    return keep_high if advantage == "advantage" else keep_high[::-1]
