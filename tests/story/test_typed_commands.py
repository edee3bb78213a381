"""Typed lines become wishes, or a helpful answer."""

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.config import shipped
from rolltrain_tui.config.game_sections import LessonKey
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.commands import (
    Predict,
    RaiseStat,
    SaveGame,
    SetAuto,
    Speak,
    SpendInspiration,
    TakeShortRest,
    UseAbility,
    UseItem,
)
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.monsters.loot import ITEMS
from rolltrain_tui.story.typed_commands import (
    HELP,
    AskBag,
    AskHelp,
    AskStatus,
    NotUnderstood,
    Pause,
    Quit,
    Resume,
    SetSpeed,
    StepOnce,
    Wish,
    parse_command,
    typed,
)

CALM = UseAbility("spell_mastery", "calm")


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("rage", UseAbility("rage")),
        ("  RAGE\r", UseAbility("rage")),
        ("use rage", UseAbility("rage")),
        ("\ufeffrage", UseAbility("rage")),
        ("rag", UseAbility("rage")),
        ("reckless_attack", UseAbility("reckless_attack")),
        ("Reckless-Attack", UseAbility("reckless_attack")),
        ("reckless", UseAbility("reckless_attack")),
        ("cast spell_mastery calm", CALM),
        ("spell mastery calm", CALM),
        ("calm", CALM),
        ("cast calm", CALM),
        ("spell mastery", UseAbility("spell_mastery")),
        ("dismiss spell mastery", UseAbility("spell_mastery", "dismiss")),
        ("dismiss calm", UseAbility("spell_mastery", "dismiss")),
        ("reckless attack dismiss", UseAbility("reckless_attack", "dismiss")),
        ("auto rage on", SetAuto("rage", True)),
        ("auto on rage", SetAuto("rage", True)),
        ("auto arcane off", SetAuto("arcane_recovery", False)),
        ("rest", TakeShortRest()),
        ("speak", Speak()),
        ("save", SaveGame()),
        ("save Before the Dragon", SaveGame("Before the Dragon")),
        ("predict lower", Predict("lower")),
        ("Foretell LEVEL", Predict("level")),
        ("inspire", SpendInspiration()),
        ("bag", AskBag()),
        ("bag of data", UseItem("bag_of_data")),
        ("use potion", UseItem("potion_of_calm")),
        ("Scroll-of-Warm-up", UseItem("scroll_of_warm_up")),
        ("cursed", UseItem("cursed_tome")),
        ("raise STR", RaiseStat("STR")),
        ("raise intelligence", RaiseStat("INT")),
        ("pause", Pause()),
        ("go", Resume()),
        ("resume", Resume()),
        ("step", StepOnce()),
        (".", StepOnce()),
        ("speed 5", SetSpeed(5.0)),
        ("speed 0.5", SetSpeed(0.5)),
        ("speed full", SetSpeed(None)),
        ("status", AskStatus()),
        ("help", AskHelp()),
        ("?", AskHelp()),
        ("quit", Quit()),
        ("", None),
        ("   ", None),
    ],
)
def test_wishes(line: str, wish: Wish | None) -> None:
    """These lines mean exactly this."""
    assert wish == parse_command(line)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("ragee", "`rage`"),
        ("plse", "`pause`"),
        ("xyzzy", "`help`"),
        ("cast", "Which ability?"),
        ("auto rage", "auto rage on"),
        ("auto on", "Which ability?"),
        ("auto kraken on", "kraken"),
        ("speed", "`speed 5`"),
        ("speed 0", "`speed 5`"),
        ("predict", "`predict lower`"),
        ("predict sideways", "`predict lower`"),
        ("raise", "STR, DEX"),
        ("raise luck", "raise str"),
        ("auto potion on", "is no command"),
        ("dismiss potion", "is no command"),
        ("potoin of calm", "`potion of calm`"),
        ("speed nan", "`speed 5`"),
        ("speed 1e9", "`speed 5`"),
        ("long rest", "camp"),
        ("re", "is no command"),
        ("\x1b[2J", "␛[2j"),
    ],
)
def test_answers(line: str, part: str) -> None:
    """A line that is no wish gets an answer that helps on."""
    wish = parse_command(line)
    assert isinstance(wish, NotUnderstood)
    assert part in wish.answer


@given(st.text(st.characters(), max_size=300))
def test_any_text_is_taken(line: str) -> None:
    """No text makes the parser fail, and what it answers is safe to print."""
    wish = parse_command(line)
    assert wish is None or isinstance(wish, get_args(Wish))
    assert not isinstance(wish, NotUnderstood) or wish.answer.isprintable()


@given(st.sampled_from(sorted(ABILITIES)), st.sampled_from(["{}", "use {}", "CAST {}"]))
def test_every_ability_can_be_said(name: str, phrase: str) -> None:
    """Each ability is understood by its name, in either spelling."""
    expected = UseAbility(name)
    assert [expected] * 2 == [parse_command(phrase.format(spelled)) for spelled in (name, name.replace("_", " ").title())]


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_every_item_can_be_said(name: str) -> None:
    """Each item is understood by its name and its title, with `use` and without."""
    ways = (name, name.replace("_", " "), ITEMS[name].title, f"use {ITEMS[name].title}")
    assert [UseItem(name)] * len(ways) == [parse_command(way) for way in ways]


def test_help_is_true() -> None:
    """Everything that the help offers is understood."""
    for offer, _ in HELP:
        for said in offer.replace("...", "").replace("NAME on|off", "rage on").replace("dismiss NAME", "dismiss rage").split(","):
            line = said.strip().replace("speed N", "speed 3").replace("NAME", "x")
            assert not isinstance(parse_command(line), NotUnderstood), line


@pytest.mark.parametrize("key", get_args(LessonKey))
def test_a_key_of_the_screen_has_its_word_or_none(key: str) -> None:
    """A text that says to press it is followed by what to type instead, which is understood, or by what it cannot do."""
    told = typed(f"Press {key} to see it.")
    commands = re.findall("`(.+?)`", told)
    assert not [line for line in commands if isinstance(parse_command(line), NotUnderstood | None)]
    assert commands or "the ability's name" in told or told == f"The key {key} needs the screen."


def test_every_key_that_a_shipped_story_names_is_told() -> None:
    """Those that a lesson waits for, and those in its text."""
    acts = [act for path in shipped.shipped() for act in campaign_file.load(path).acts]
    assert any(act.press for act in acts)
    for act in acts:
        named = {key.lower() for key in re.findall(r"[Pp]ress (space|\S)\b", act.text)} | ({act.press} if act.press else set())
        named |= set(re.findall(r" ([bi.])(?= [a-z])", act.text))  # no word of a sentence
        told = re.sub("`.+?`", "", typed(act.text))
        assert not [key for key in named if not re.search(rf"(?<!\w){re.escape(key)}(?!\w)", told)], (act.text, told)


@pytest.mark.parametrize(
    "text",
    ["They press a friend.", "Press on.", "The press is free: it says p.", "Look at k, then v.", "Press on; e is a number and i too.", ""],
)
def test_a_text_without_keys_is_left_alone(text: str) -> None:
    """Only a key stands after `press`."""
    assert typed(text) == ""


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Press p to guess. A right guess earns inspiration, and i spends it.", "pi"),
        ("Press it again, or press .; s saves.", ".s"),
        ("Press v to watch, or t to play.", "vt"),
        ("Press t. Then r gives you the chair, and e is a number. Press k.", "tk"),
        ("Press e and hear: e is a letter.\n\nThen k is none.", "e"),
        ("**A rest** is yours (`r`). `s` saves: `b` of them is `d` at most.", "rs"),
    ],
)
def test_a_key_is_told_from_a_letter_by_its_place(text: str, keys: str) -> None:
    """Behind `press`; after that where a clause begins, up to a key of another screen; with marks at the beginning of a sentence."""
    told = re.sub("`.+?`", "", typed(text))
    assert sorted(re.findall(r"(?<![\w'])[a-z.](?= is| needs)", told)) == sorted(keys)


def test_a_key_that_is_named_twice_is_told_once() -> None:
    """In the order of the text."""
    assert typed("Press t and play. Press k, then v. Press k again.") == "Typed, k is `dial`. The key t needs the screen."


@pytest.mark.parametrize("line", ["speed -1", "speed -0.5", "vote -3 2", "step -1"])
def test_a_minus_sign_is_no_hyphen(line: str) -> None:
    """A negative number is refused, and not taken without its sign."""
    assert isinstance(parse_command(line), NotUnderstood)
