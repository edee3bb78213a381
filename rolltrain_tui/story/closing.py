"""The end of a run for readers without a screen: the judgement, the gates and the verdicts of twins, in sentences and as plain values."""

from math import isfinite
from typing import Any

from rolltrain_tui.protocol.events import TwinJudged, Verdict
from rolltrain_tui.story.judgement import Measured, signed, tell_judgement
from rolltrain_tui.story.phrases import title
from rolltrain_tui.story.scene import Scene

VERDICTS: dict[str, Verdict] = {"helped": "helped", "no_effect": "no measurable effect", "hurt": "hurt"}


def closing_sentences(scene: Scene) -> list[str]:
    """Nothing while the run goes on."""
    judgement, tally = scene.judgement, scene.tally
    if judgement is None:
        return []
    sentences = [tell_judgement(judgement, scene.objective)]
    if gates := sum(tally.gates.values()):
        sentences.append(f"Gates: {tally.gates[True]} of {gates} opened.")
    if tally.verdicts:
        helped, nothing, hurt = (tally.verdicts[verdict] for verdict in ("helped", "no measurable effect", "hurt"))
        sentences.append(f"Abilities, by their twins: {helped} helped, {nothing} had no measurable effect, {hurt} hurt.")
    for name, move in (("Best", tally.best), ("Worst", tally.worst)):
        if move is not None:
            delta = signed(Measured(move.delta, move.standard_error), scene.objective)
            sentences.append(f"{name} move: {_ability(move)} in turn {move.since}; {scene.objective.name} {delta}.")
    return sentences


def closing_record(scene: Scene) -> dict[str, Any] | None:
    """The same as JSON values; None while the run goes on. Numbers that are not finite are null."""
    judgement, tally = scene.judgement, scene.tally
    if judgement is None:
        return None
    difference, plain = judgement.difference, judgement.plain
    return {
        "outcome": judgement.outcome,
        "value": _finite(judgement.value.value),
        "plain": None if plain is None else _finite(plain.value),
        "difference": None if difference is None else difference.value,
        "standard_error": None if difference is None else _finite(difference.standard_error),
        "gates": sum(tally.gates.values()),
        "gates_opened": tally.gates[True],
        "abilities": {name: tally.verdicts[verdict] for name, verdict in VERDICTS.items()},
        "best_move": _move(tally.best),
        "worst_move": _move(tally.worst),
    }


def _move(move: TwinJudged | None) -> dict[str, Any] | None:
    if move is None:
        return None
    return {"ability": move.ability, "turn": move.since, "difference": move.delta, "standard_error": _finite(move.standard_error)}


def _ability(move: TwinJudged) -> str:
    return title(move.ability) if move.ability else "all abilities"


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
