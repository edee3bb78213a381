"""`session`: the game over a loop of your own. The callbacks for other people's Trainers begin theirs here too."""

from pathlib import Path
from typing import Unpack

from torch import nn
from torch.optim import Optimizer

from rolltrain_tui.integrations.session.metrics import objective_of
from rolltrain_tui.integrations.session.parts import check_parts, refuse_undone
from rolltrain_tui.integrations.session.session import Session
from rolltrain_tui.integrations.terms.keywords import either, folder_of
from rolltrain_tui.integrations.terms.terms import GameKeywords, Terms, at_least_one, takes_terms, title
from rolltrain_tui.modes.module.config import ModuleConfig
from rolltrain_tui.protocol.events import ENDLESS
from rolltrain_tui.rules.rulebooks import RULEBOOKS
from rolltrain_tui.training.state.wrappers import plain_model, plain_optimizer
from rolltrain_tui.training.tensors.shards import deal_back, refuse_flat_shards


@takes_terms
def session(
    model: nn.Module,
    optimizer: Optimizer,
    *,
    turns: int | None = None,
    max_steps: int | None = None,
    metric: str | None = None,
    better: str | None = None,
    camp_every: int = 250,
    name: str | None = None,
    folder: Path | str | None = None,
    **terms: Unpack[GameKeywords],
) -> Session:
    """A game over your own loop. Loss, clipping, mixed precision, accumulation and schedule stay the loop's.

    `turns`, or `max_steps`: how many optimiser steps the loop takes; None: not known. `metric` and `better` ("lower", "higher"): what
    `evaluated` will be told; None: a loss, or what the first evaluation says. `folder` is where the chronicle is written; None:
    only `events` holds it. The other keywords are those of RollToTrain. A rulebook that scales the loss ("source") is refused with a
    ValueError, because only the loop can scale its loss.
    """
    agreed, objective = foreign_terms(**terms), objective_of(metric, better)
    turns = either("turns", turns, "max_steps", max_steps)
    game = begin_session(model, optimizer, agreed, turns=turns, camp_every=camp_every, name=name, folder=folder)
    game.measure_by(objective)
    return game


def foreign_terms(**given: Unpack[GameKeywords]) -> Terms:
    """The game's terms for a loop that is not ours. ValueError and TypeError name what cannot be."""
    terms = Terms(**given, accumulation_steps=1)
    if (book := RULEBOOKS[terms.rulebook]).roll_on != "step" or book.hook not in ("update", "lr"):
        raise ValueError(f"rulebook {terms.rulebook} weighs the loss, which a loop of your own keeps to itself; use RollToTrain for it")
    return terms


def begin_session(
    model: nn.Module,
    optimizer: Optimizer,
    terms: Terms,
    *,
    turns: int | None,
    camp_every: int,
    name: str | None,
    folder: Path | str | None,
) -> Session:
    """`session` with terms that were checked before."""
    if isinstance(model, nn.Module):
        refuse_flat_shards(model)
        deal_back(model)
    model, optimizer = plain_model(model), plain_optimizer(optimizer)
    check_parts(model, optimizer)
    refuse_undone(optimizer, terms)
    if turns is not None:
        at_least_one("turns", turns)
    at_least_one("camp_every", camp_every)
    table = terms.table(
        name=title(name, model),
        turns=turns or ENDLESS,
        camp_every=camp_every,
        evaluate_every=camp_every,
        twin="off",
    )
    table["diagnosis"]["examine"] = False
    table["adventure"]["loot"] = False  # the Ring of the Mean needs an average of the weights, and that costs 2 % of every step
    trained = {
        "model": type(model).__name__,
        "optimizer": type(optimizer).__name__,
        "scheduler": None,
        "clip": None,
        "dtype": "float32",
        "accumulation": 1,
        "epoch": camp_every,
        "scheduler_every": "epoch",
    }
    config = ModuleConfig.of(table, trained)
    return Session(model, optimizer, config, folder_of("folder", folder))
