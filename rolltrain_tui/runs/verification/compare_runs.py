"""Two runs side by side, from their chronicles alone: where they part, the commands, the results. No torch."""

from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.grammar import counted, fixed, minus
from rolltrain_tui.base.json_answers import plain
from rolltrain_tui.base.safe_text import flat, one_line
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.runs.layout import CHRONICLE
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.recording import RecordingError
from rolltrain_tui.runs.verification.differences import Difference, compare
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.phrases import HOW_IT_ENDED, name_command, of_turns, plus_minus


@dataclass(frozen=True, slots=True)
class Asked:
    turn: int
    command: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A twin's verdict."""

    turn: int
    ability: str
    since: int
    delta: float
    standard_error: float
    verdict: str


@dataclass(slots=True)
class Side:
    """One run in numbers."""

    name: str
    campaign: str = ""
    seed: int = 0
    hero: str = ""
    turn: int = 0
    turns: int | None = 0
    """How many it will be; None: nobody knows."""
    train_loss: float | None = None
    val: dict[int, float] = field(default_factory=dict)
    """Turn -> value of the evaluation."""
    objective: Objective = VALIDATION_LOSS
    asked: list[Asked] = field(default_factory=list)
    twins: list[Judged] = field(default_factory=list)
    gflop: float = 0.0
    ended: ev.CampaignEnded | None = None


@dataclass(slots=True)
class TwoRuns:
    a: Side
    b: Side
    parted: Difference | None = None
    """The first difference between A ("recorded") and B ("found"); None if there is none."""
    a_then: str = ""
    b_then: str = ""
    """The event at that point, on either side."""
    since: int = 0
    """The earlier turn of the two: settings change after one turn, and dice are rolled for the next."""


def lay_side_by_side(a: Path, b: Path) -> TwoRuns:
    """Two run folders or chronicles. ValueError when one cannot be read."""
    found = TwoRuns(Side(_name(a)), Side(_name(b)))
    for left, right in zip_longest(_events(a), _events(b)):
        if found.parted is None:
            found.parted = _parting(left, right)
            if found.parted is not None:
                found.a_then, found.b_then = _words(left, found.a.objective), _words(right, found.b.objective)
                found.since = min(event.turn for event in (left, right) if event is not None)
        for side, event in ((found.a, left), (found.b, right)):
            if event is not None:
                _note(side, event)
    return found


def _name(path: Path) -> str:
    return path.resolve().name if path.is_dir() else path.parent.resolve().name


def _events(path: Path) -> Any:
    path = path / CHRONICLE if path.is_dir() else path
    with atomic_files.saying(RecordingError, f"the chronicle {path} cannot be read"):
        yield from (event for event in event_log.read(path) if event.retold)


def _parting(left: ev.Event | None, right: ev.Event | None) -> Difference | None:
    if left is None or right is None:
        there = left if left is not None else right
        assert there is not None
        return Difference(there.turn, "story", "", _kind(left), _kind(right))
    return compare(left, right)


def _kind(event: ev.Event | None) -> str:
    return "nothing more" if event is None else type(event).__name__


def _words(event: ev.Event | None, objective: Objective) -> str:
    return "nothing more happens" if event is None else one_line(tell(event, objective), 200) or type(event).__name__


def _note(side: Side, event: ev.Event) -> None:
    match event:
        case ev.CampaignBegan():
            side.campaign, side.seed, side.turns, side.objective = event.campaign, event.seed, event.length, event.objective
            side.hero = f"{event.sheet.name}, {event.sheet.hero_class}"
        case ev.SettingsChanged():
            side.turns = event.turns
            side.asked += [Asked(event.turn, f"{path} {before} → {after}", refused=False) for path, before, after in event.changes]
        case ev.StepTaken():
            side.turn, side.train_loss, side.gflop = event.turn, event.loss_ema, event.gflop
        case ev.Evaluated():
            side.val[event.turn] = event.value
        case ev.CommandAccepted() | ev.CommandRefused():
            side.asked.append(Asked(event.turn, name_command(event.command), isinstance(event, ev.CommandRefused)))
        case ev.TwinJudged():
            side.twins.append(Judged(event.turn, event.ability, event.since, event.delta, event.standard_error, event.verdict))
        case ev.CampaignEnded():
            side.ended = event
        case _:
            pass


# For people and for programs.


def report(found: TwoRuns) -> str:
    """The two runs in a few short tables."""
    lines = [f"A  {_about(found.a)}", f"B  {_about(found.b)}", ""]
    if found.parted is None:
        return "\n".join([*lines, f"The same to the last bit, all {counted(found.a.turn, 'turn')}."])
    turn = found.parted.turn
    field_ = f" ({found.parted.field})" if found.parted.field else ""
    lines += [f"They part at turn {turn}{field_}:", f"  A  {flat(found.a_then)}", f"  B  {flat(found.b_then)}"]
    lines += _table("Asked for from there on", [_asked(found.a, found.since), _asked(found.b, found.since)])
    lines += _vals(found, turn)
    lines += _table("Twin verdicts from there on", [_twins(found.a, turn), _twins(found.b, turn)])
    return "\n".join([*lines, "", "At the end", f"  A  {_end(found.a)}", f"  B  {_end(found.b)}"])


def _about(side: Side) -> str:
    return flat(f"{side.name}: {side.campaign}, {side.hero}, seed {side.seed}, turn {side.turn}{of_turns(side.turns)}")


def _table(title: str, sides: list[list[str]]) -> list[str]:
    if not any(sides):
        return []
    rows = [f"  {name}  {flat(line)}" for name, lines in zip("AB", sides, strict=True) for line in lines or ["nothing"]]
    return ["", title, *rows]


def _asked(side: Side, turn: int) -> list[str]:
    return [f"turn {asked.turn}: {asked.command}{' (refused)' if asked.refused else ''}" for asked in side.asked if asked.turn >= turn]


def _twins(side: Side, turn: int) -> list[str]:
    return [
        f"{twin.ability or 'all abilities'} from turn {twin.since}: {twin.verdict}, "
        f"{minus(f'{twin.delta:+.4f}')}{plus_minus(twin.standard_error, 4)}{_unit(side)}"
        for twin in side.twins
        if twin.turn >= turn
    ]


def _unit(side: Side, before: str = " ") -> str:
    return f"{before}{side.objective.short_unit}" if side.objective.unit else ""


def _vals(found: TwoRuns, turn: int) -> list[str]:
    turns = sorted(number for number in found.a.val.keys() | found.b.val.keys() if number >= turn)
    if not turns:
        return []
    rows = [f"  {number:>6}  {_val(found.a, number)}  {_val(found.b, number)}  {_gap(found, number)}" for number in turns]
    return ["", f"{found.a.objective.title}{_unit(found.a, ', ')}", f"  {'turn':>6}  {'A':>8}  {'B':>8}  {'B - A':>8}", *rows]


def _val(side: Side, turn: int) -> str:
    return minus(f"{side.val[turn]:8.4f}") if turn in side.val else f"{'-':>8}"


def _gap(found: TwoRuns, turn: int) -> str:
    if turn not in found.a.val or turn not in found.b.val:
        return ""
    return minus(f"{found.b.val[turn] - found.a.val[turn]:+8.4f}")


def _end(side: Side) -> str:
    if side.ended is None:
        last = f", {side.objective.short_label} {fixed(list(side.val.values())[-1], 4)}" if side.val else ""
        return f"under way after turn {side.turn}{last}"
    end = side.ended
    value = f"{side.objective.short_label} {fixed(end.value, 4)}{plus_minus(end.standard_error, 4)} on the final probe"
    spent = f", {end.gflop:.0f} GFLOP" if end.gflop else ""
    return f"{HOW_IT_ENDED[end.ending].lower()}: {value}, level {end.sheet.level}, {counted(end.sheet.deaths, 'death')}{spent}"


def as_record(found: TwoRuns) -> dict[str, Any]:
    """JSON values; a number that is not finite is null."""
    record: dict[str, Any] = plain({**asdict(found), "same": found.parted is None})
    return record
