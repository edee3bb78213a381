"""Events and commands as lines of JSON: exact both ways, and nothing else is read."""

import contextlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolltrain_tui.protocol.commands import SaveGame, SetAuto, Speak, TakeShortRest, UseAbility
from rolltrain_tui.protocol.events import EVENTS, CommandAccepted, CommandRefused, DiceRolled, Rested, Spoke, StepTaken, XPGained
from rolltrain_tui.protocol.sheet import Charge, Sheet
from rolltrain_tui.runs.log import event_codec

ROLL = DiceRolled(3, 20, (14, 3), 14, 2, 16, 12, "hit", 1.0)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(10**30), 10**30),
    float: st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308]),
    str: st.text(max_size=20) | st.sampled_from(["nan", "inf", "-inf", "\x1b[2J", "\u2028", '"\\', "𝄞", "\x00"]),
    bool: st.booleans(),
    NoneType: st.none(),
}


def decode(line: str) -> Any:
    """The event or command in a line."""
    name = re.match(r'{"type":"(\w+)"', line)
    is_command = name is not None and name[1] in event_codec.COMMANDS
    return event_codec.decode_command(line) if is_command else event_codec.decode_event(line)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that a field with this type hint may hold."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple and arguments[1:] == (...,):
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    if origin in (Union, UnionType):
        return st.one_of(*map(values, arguments))
    hints = get_type_hints(hint)
    return st.builds(hint, **{part.name: values(hints[part.name]) for part in fields(hint)})


KINDS: dict[str, Any] = {**EVENTS, **event_codec.COMMANDS}
ANYTHING = st.sampled_from(sorted(KINDS)).flatmap(lambda name: values(KINDS[name]))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_class_is_read_back_exactly(name: str, count: Callable[[int, int], int]) -> None:
    """decode(encode(value)) is value, field by field and type by type, for every event and command.

    But for a step with two norms of 0: older programs wrote it for one that they had not measured.
    """

    @settings(max_examples=count(10, 300))  # of each of half a hundred classes
    @given(values(KINDS[name]).filter(lambda value: not (isinstance(value, StepTaken) and value.proposed_norm == value.applied_norm == 0)))
    def round_trip(value: Any) -> None:
        line = event_codec.encode(value)
        assert repr(value) == repr(decode(line))  # repr tells nan from 0.0, -0.0 from 0.0 and tuples from lists

    round_trip()


@given(ANYTHING)
def test_lines_are_strict_ascii_json(value: Any) -> None:
    """Every line is one line of printable ASCII that a strict JSON reader takes, so that a terminal can show it unharmed."""
    line = event_codec.encode(value)
    assert line.isascii()
    assert line.isprintable() or "\x7f" in line
    assert json.loads(line, parse_constant=pytest.fail)["type"] == type(value).__name__


def test_the_form() -> None:
    """The class name comes first, then the fields as they are named, nested records as objects."""
    assert event_codec.encode(XPGained(3, 50, 350, "ooze")) == '{"type":"XPGained","turn":3,"amount":50,"total":350,"cause":"ooze"}'
    charge = '{"ability":"rage","left":1,"most":2,"recharge":"long","auto":false}'
    rested = event_codec.encode(Rested(4, "long", Sheet(name="Brakka", charges=(Charge("rage", 1, 2, "long", False),))))
    assert rested.startswith('{"type":"Rested","turn":4,"kind":"long","sheet":{"name":"Brakka","hero_class":"",')
    assert f'"charges":[{charge}],' in rested
    accepted = CommandAccepted(4, UseAbility("rage"))
    assert (
        event_codec.encode(accepted) == '{"type":"CommandAccepted","turn":4,"command":{"type":"UseAbility","ability":"rage","option":""}}'
    )


def test_words_and_numbers_do_not_clash() -> None:
    """The text "nan" stays text where text belongs, and is a number where a number belongs."""
    assert decode(event_codec.encode(Spoke(1, "nan", None))) == Spoke(1, "nan", None)
    spoke = decode('{"type":"Spoke","turn":1,"text":"inf","val_loss":"inf"}')
    assert spoke == Spoke(1, "inf", math.inf)


def test_defaults_may_be_left_out() -> None:
    """A hand-written line may omit what has a default."""
    assert decode('{"type":"UseAbility","ability":"rage"}') == UseAbility("rage")


BAD = {
    "empty": ("", "not JSON"),
    "not JSON": ("{", "not JSON"),
    "two objects": ('{"type":"Speak"}{"type":"Speak"}', "not JSON"),
    "a list": ("[]", "expected an object, found a list of 0"),
    "no type": ('{"turn":1}', "type is missing"),
    "unknown type": ('{"type":"os.system"}', "unknown type 'os.system'"),
    "a type that is no text": ('{"type":["Speak"]}', "unknown type a list of 1"),
    "extra field": ('{"type":"Speak","loud":true}', "Speak: there is no field 'loud'"),
    "missing field": ('{"type":"SetAuto","ability":"rage"}', "SetAuto: the field 'on' is missing"),
    "number for bool": ('{"type":"SetAuto","ability":"rage","on":1}', "SetAuto.on: expected true or false, found 1"),
    "bool for int": ('{"type":"HeroFell","turn":true,"deaths":1,"back_to_turn":1}', "HeroFell.turn: expected a whole number, found true"),
    "float for int": ('{"type":"HeroFell","turn":1.0,"deaths":1,"back_to_turn":null}', "HeroFell.turn: expected a whole number, found 1.0"),
    "null for text": ('{"type":"AbilityEnded","turn":1,"ability":null,"reason":""}', "AbilityEnded.ability: expected text, found null"),
    "word for float": ('{"type":"Spoke","turn":1,"text":"","val_loss":"NaN"}', "Spoke.value: expected a number, found 'NaN'"),
    "bare NaN": ('{"type":"Spoke","turn":1,"text":"","val_loss":NaN}', "NaN is not a JSON number"),
    "overflowing float": ('{"type":"Spoke","turn":1,"text":"","val_loss":1e999}', "Spoke.value: expected a number"),
    "overflowing int": (f'{{"type":"Spoke","turn":1,"text":"","val_loss":1{"0" * 400}}}', "expected a number, found a huge number"),
    "endless digits": (f'{{"type":"Spoke","turn":{"1" * 5000},"text":"","val_loss":1}}', "too many digits"),
    "unknown word": ('{"type":"Rested","turn":1,"kind":"nap","hp":1,"charges":[]}', "expected one of 'short', 'long', found 'nap'"),
    "object for list": ('{"type":"Rested","turn":1,"kind":"long","hp":1,"charges":{}}', "Sheet.charges: expected a list, found an object"),
    "wrong item": ('{"type":"Rested","turn":1,"kind":"long","hp":1,"charges":[1]}', "Sheet.charges: expected an object, found 1"),
    "event as command": ('{"type":"CommandAccepted","turn":1,"command":{"type":"Saved"}}', "CommandAccepted.command: unknown type 'Saved'"),
    "name twice": ('{"type":"Speak","type":"Speak"}', "the name 'type' stands twice"),
    "too deep": ("[" * 100_000, "nested too deeply"),
    "deep in a field": ('{"type":"SaveGame","name":' + "[" * 500 + "]" * 500 + "}", "SaveGame.name: expected text, found a list of 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_lines_are_refused_with_the_reason(case: str) -> None:
    """Whatever does not fit is a WireError that says what and where."""
    line, reason = BAD[case]
    with pytest.raises(event_codec.WireError) as caught:
        decode(line)
    assert reason in str(caught.value)
    assert str(caught.value).isascii()


def test_a_line_without_end_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line longer than the limit is not parsed."""
    monkeypatch.setattr(event_codec, "MAX_LINE", 100)
    with pytest.raises(event_codec.WireError, match="longer than 100"):
        decode(event_codec.encode(SaveGame("x" * 100)))


@given(ANYTHING, st.integers(0), st.characters(max_codepoint=127))
def test_no_line_breaks_the_reader(value: Any, place: int, char: str) -> None:
    """A line with one character changed is read as some value or is a WireError, and never anything else."""
    line = event_codec.encode(value)
    place %= len(line)
    with contextlib.suppress(event_codec.WireError):
        assert type(decode(line[:place] + char + line[place + 1 :])).__name__ in KINDS


@pytest.mark.parametrize(
    ("decode", "good", "bad"),
    [(event_codec.decode_event, ROLL, Speak()), (event_codec.decode_command, Speak(), ROLL)],
    ids=["event", "command"],
)
def test_the_narrow_readers(decode: Callable[[str], Any], good: Any, bad: Any) -> None:
    """decode_event takes events only, decode_command commands only."""
    assert decode(event_codec.encode(good)) == good
    with pytest.raises(event_codec.WireError, match="unknown type"):
        decode(event_codec.encode(bad))


@given(ANYTHING)
def test_no_field_takes_a_foreign_object(value: Any) -> None:
    """An object where a field does not expect that very one is refused, in every field of every class."""
    plain = json.loads(event_codec.encode(value))
    for field in fields(value):
        with pytest.raises(event_codec.WireError):
            decode(json.dumps({**plain, field.name: {"__class__": "evil"}}))


# Scripts.


def test_a_script_is_a_list_of_moves() -> None:
    """Each line of a script is a command with its turn; blank lines are passed over."""
    lines = ['{"turn": 5, "command": {"type": "UseAbility", "ability": "rage"}}', "", '{"turn":9,"command":{"type":"TakeShortRest"}}\n']
    assert event_codec.moves(lines) == [(5, UseAbility("rage")), (9, TakeShortRest())]


def chronicle_line(number: int, event: Any) -> str:
    return f'{{"crc":"00000000","n":{number},{event_codec.encode(event)[1:]}\n'


def test_a_chronicle_is_a_script() -> None:
    """Of a chronicle, the accepted and refused commands are the moves, in order; a line torn at the end is passed over."""
    told = [ROLL, CommandAccepted(3, SetAuto("rage", True)), CommandRefused(3, Speak(), "no"), ROLL]
    lines = [chronicle_line(number, event) for number, event in enumerate(told)]
    assert event_codec.moves([*lines, lines[0][:30]]) == [(3, SetAuto("rage", True)), (3, Speak())]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("rage!", "line 2: it is not JSON"),
        ('{"turn":1}', "line 2: a move: the field 'command' is missing"),
        ('{"turn":-1,"command":{"type":"Speak"}}', "line 2: turn -1 is before the first"),
        ('{"turn":"1","command":{"type":"Speak"}}', "line 2: a move.turn: expected a whole number, found '1'"),
        ('{"turn":1,"command":{"type":"Rage"}}', "line 2: a move.command: unknown type 'Rage'"),
        ('{"type":"Speak"}', "line 2: the line: unknown type 'Speak'"),
        ("[1]", "line 2: a move: expected an object, found a list of 1"),
    ],
)
def test_a_bad_script_names_its_line(line: str, reason: str) -> None:
    """An error in a script says in which line it is, also when it is the last one."""
    good = '{"turn":1,"command":{"type":"Speak"}}'
    for lines in ([good, line, good], [good, line]):
        with pytest.raises(event_codec.WireError) as caught:
            event_codec.moves(lines)
        assert str(caught.value).startswith(reason)


def test_a_chronicle_damaged_in_the_middle_is_no_script() -> None:
    """Only a last line may be torn."""
    lines = [chronicle_line(0, ROLL), '{"crc":', chronicle_line(1, ROLL)]
    with pytest.raises(event_codec.WireError, match="line 2: it is not JSON"):
        event_codec.moves(lines)
