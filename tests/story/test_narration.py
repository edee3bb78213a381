"""Narration tells every event in one safe sentence, with its numbers."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from rolltrain_tui.base.safe_text import clean, flat, one_line
from rolltrain_tui.protocol.commands import Predict, RaiseStat, SaveGame, SetAuto, SpendInspiration, TakeShortRest, UseAbility, UseItem
from rolltrain_tui.protocol.events import (
    EVENTS,
    AbilityEnded,
    AbilityUsed,
    ActBegan,
    CampaignEnded,
    CommandRefused,
    DiceRolled,
    Evaluated,
    Event,
    Examined,
    ForetellingJudged,
    Foretold,
    GateFaced,
    HeroFell,
    InspirationSpent,
    ItemFaded,
    ItemFound,
    ItemUsed,
    LevelGained,
    MonsterActed,
    MonsterAppeared,
    MonsterStruck,
    Rested,
    SaveDue,
    SettingsChanged,
    Spoke,
    StatRaised,
    StepTaken,
    TrainingFailed,
    TwinJudged,
    TwinLost,
    TwinSetOut,
)
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.protocol.sheet import Charge, Sheet
from rolltrain_tui.story import narration
from rolltrain_tui.story.narration import tell, tell_turn
from rolltrain_tui.story.phrases import name_command, number, title

HIT = DiceRolled(412, 20, (17,), 17, 2, 19, 12, "hit", 1.35)
STEP = StepTaken(412, 2.301, 2.318, 1.2, 1e-3, 1.35, 1.35, 0.2, 0.27, 768, 12.0, True, ("update_scale",))

TOLD: list[tuple[Event, str]] = [
    (HIT, "d20 17 + 2 = 19 against DC 12: hit, k 1.35."),
    (DiceRolled(1, 20, (4, 17), 17, 0, 17, 12, "hit", 1.25), "d20 4 and 17, of which 17 against DC 12: hit, k 1.25."),
    (DiceRolled(1, 20, (3,), 10, -1, 9, 12, "miss", 0.5), "d20 3, counts as 10, − 1 = 9 against DC 12: miss, k 0.5."),
    (
        DiceRolled(1, 20, (1,), 1, 2, 3, 12, "fumble", -1.0, note="it stops at 0"),
        "d20 1 + 2 = 3 against DC 12: fumble, k −1 (it stops at 0).",
    ),
    (STEP, "Loss 2.301, k asked 1.35, felt 1.350."),
    (AbilityUsed(5, "rage", "", True, 1.5, 10, 1), "Rage: the update is multiplied by 1.5 for 10 turns; 1 left."),
    (AbilityUsed(5, "rage", "", False, 1.5, 3, 0), "Rage triggers by itself: the update is multiplied by 1.5 for 3 turns; none left."),
    (
        AbilityUsed(5, "spell_mastery", "calm", True, 0.3, 0, None),
        "Spell Mastery, Calm: the update is multiplied by 0.3 until it is dismissed.",
    ),
    (
        AbilityUsed(5, "arcane_recovery", "", True, 1.5, 20, 2),
        "Arcane Recovery: the learning rate is multiplied by 1.5, falling back to 1 over 20 turns; 2 left.",
    ),
    (
        AbilityUsed(5, "reckless_attack", "", True, 2.0, 1, None),
        "Reckless Attack: two dice, hits multiplied by 2, half the batch, and no guard this turn.",
    ),
    (
        AbilityUsed(5, "reckless_attack", "", False, 1.25, 1, None),
        "Reckless Attack triggers by itself: the update is multiplied by 1.25 this turn.",
    ),
    (AbilityUsed(5, "second_wind", "", True, 1.5, 1, None), "Second Wind: the update is multiplied by 1.5 this turn."),
    (MonsterStruck(7, "loss_dragon", 3, 5), "The Loss Dragon takes 3 damage: 5 hit points left."),
    (MonsterStruck(7, "loss_dragon", 3, 1), "The Loss Dragon takes 3 damage: 1 hit point left."),
    (MonsterStruck(7, "loss_dragon", 3, 0), ""),
    (AbilityEnded(9, "rage", "it has run its course"), "Rage ends: it has run its course."),
    (
        MonsterActed(7, "loss_dragon", "Loss Breath", "DEX", 8, 9, 16, False, 5, "10% of the next batch's targets are noise"),
        "The Loss Dragon uses Loss Breath: DEX save 9 against 16 fails; 10% of the next batch's targets are noise.",
    ),
    (
        MonsterAppeared(7, "gradient_ooze", "1/2", 30, 8, "a chance meeting on the road"),
        "A Gradient Ooze appears (challenge 1/2, 30 hit points, armour class 8): a chance meeting on the road.",
    ),
    (Evaluated(50, 2.31, 0.023, 2.3, 2.35, False), "Validation: 2.310 nats, plus or minus 0.023, best 2.300; training 2.350."),
    (
        LevelGained(9, ("max HP 14 → 23",), Sheet(level=2, hp=20, max_hp=23, next_level_xp=2500, expected_k=0.912)),
        "Level 2: proficiency +2, 20/23 HP, E[k] 0.912, next level at 2500 XP. New: max HP 14 → 23.",
    ),
    (Rested(250, "long", Sheet(hp=23, charges=(Charge("rage", 2, 2, "long", False),))), "Camp and a long rest: 23 HP, Rage 2/2."),
    (
        HeroFell(90, 50, Sheet(level=2, xp=1340, deaths=1)),
        "The third failed death save: the next turn begins with the weights of turn 50, at level 2 with 1340 XP (1 death so far).",
    ),
    (HeroFell(90, None, Sheet()), "The third failed death save: the hero has fallen, and the campaign ends here."),
    (CommandRefused(3, UseAbility("rage"), "No Rage left until a long rest."), "Refused: Rage. No Rage left until a long rest."),
    (Spoke(100, "\nold ran\x1bgir\nfound", 2.31), "It says (validation 2.310): old ran␛gir / found"),
    (
        CampaignEnded(600, "victory", 1.2, 1.1, 0.012, 1.05, Sheet(level=4, xp=5120), 221.5),
        "Played to the end after 600 turns: validation 1.100 nats, plus or minus 0.012 (floor 0.627); best on the way 1.050; "
        "level 4, 5120 XP, 0 deaths, 221.5 GFLOP.",
    ),
    (
        CampaignEnded(90, "spent", 1.2, 1.1, 0.012, 1.05, Sheet(xp=10, deaths=1), 5.0, title="A Cold Inn", text="It speaks,\nbarely"),
        "Out of energy after 90 turns: validation 1.100 nats, plus or minus 0.012; best on the way 1.050; "
        "level 1, 10 XP, 1 death, 5 GFLOP. A Cold Inn: It speaks, barely.",
    ),
    (
        CampaignEnded(1, "victory", 1.2, 1.1, 0.012, 1.05, Sheet(), 0.0),
        "Played to the end after 1 turn: validation 1.100 nats, plus or minus 0.012 (floor 0.627); best on the way 1.050; "
        "level 1, 0 XP, 0 deaths.",
    ),
    (
        Examined(
            50, (Reading("temperature", 0.0312, None, 0.015), Reading("update_ratio", 2e-5, 1e-4, 0.1), Reading("gap", 0.1, None, 0.3)), ()
        ),
        "Examined: Temperature 0.0312 nats, healthy at most 0.015; Update / weight 2e-05, healthy 0.0001 to 0.1.",
    ),
    (Examined(50, (Reading("gap", 0.1, None, 0.3),), ()), "Examined: nothing is sick."),
    (
        Examined(50, (Reading("gap", 0.9, None, 0.3), Reading("dead_units", 0.5, None, 0.1)), (), ("gap",)),
        "Examined: Dead units 0.5, healthy at most 0.1. "
        "The run is young, so this does not count yet: Overfit gap 0.9 nats, healthy at most 0.3.",
    ),
    (
        Examined(50, (Reading("gap", float("nan"), None, 0.3), Reading("gap", 0.1, None, 0.3), Reading("gap", 0.2, None, 0.3)), ()),
        "Examined: nothing is sick (1 of 3 signals is not measurable yet).",
    ),
    (
        GateFaced(250, 1.51, 1.48, 1.53, True, 100),
        "The Validation Gate opens: validation 1.510 against a bar of 1.530 nats (plain training stood at 1.480).",
    ),
    (
        GateFaced(250, 1.61, 1.48, 1.53, False, -50),
        "The Validation Gate stays shut: validation 1.610 against a bar of 1.530 nats (plain training stood at 1.480).",
    ),
    (
        SettingsChanged(40, (("turns", "40", "60"), ("dice.rulebook", '"hero"', '"off"')), 60, "off", 20, 12, Sheet()),
        'Other settings from here on: turns 40 → 60, dice.rulebook "hero" → "off".',
    ),
    (Foretold(3, "lower", 1.9, 2.1), "Predicted: lower; from 1.900 to 2.100 nats the next validation loss counts as level."),
    (
        ForetellingJudged(20, "lower", "lower", 2.0, 1.8, True),
        "The prediction lower was right: from 2.000 to 1.800 nats, which is lower. Inspiration can be spent.",
    ),
    (
        ForetellingJudged(20, "lower", "level", 2.0, 1.95, False),
        "The prediction lower was wrong: from 2.000 to 1.950 nats, which is level.",
    ),
    (InspirationSpent(4), "Inspiration is spent: the roll has advantage."),
    (
        ItemFound(9, "amulet_of_clipping", "the Loss Dragon left it behind"),
        "An Amulet of Clipping goes into the bag: the Loss Dragon left it behind.",
    ),
    (ItemUsed(9, "potion_of_calm", 10, "calmer"), "Potion of Calm used for 10 turns: calmer."),
    (ItemUsed(9, "ring_of_the_mean", 0, "healed"), "Ring of the Mean used: healed."),
    (ItemFaded(19, "potion_of_calm"), "Potion of Calm has faded."),
    (
        StatRaised(9, "INT", 17, Sheet(expected_k=1.1203, hp=20, max_hp=23, choices=1)),
        "INT rises to 17: 20/23 HP, E[k] 1.120; 1 more choice to make.",
    ),
    (ActBegan(300, 2, "The Long Road", "It is cold.\nIt is late."), "Act 2, The Long Road: It is cold. It is late."),
    (TrainingFailed(8, "RuntimeError: out of memory"), "Training failed in turn 8, the last save is intact: RuntimeError: out of memory."),
    (TwinSetOut(5, "rage", 20), "A shadow twin, a copy of the run without Rage, trains beside it for 20 turns."),
    (TwinSetOut(5, "", 1), "A shadow twin, a copy of the run without the hero's abilities, trains beside it for 1 turn."),
    (
        TwinJudged(24, "rage", 5, 20, -0.0121, 0.0006, "helped", 90.0),
        "The twin's verdict: Rage helped; validation loss −0.0121 nats, plus or minus 0.0006, over 20 turns beside a twin without.",
    ),
    (
        TwinJudged(24, "", 5, 20, 0.0, 0.0, "no measurable effect", 90.0),
        "The twin's verdict: no measurable effect of the hero's abilities; validation loss +0.0000 nats, plus or minus 0.0000, "
        "over 20 turns beside a twin without.",
    ),
    (  # on a single example
        TwinJudged(24, "rage", 5, 20, -0.0121, float("inf"), "no measurable effect", 90.0),
        "The twin's verdict: no measurable effect of Rage; validation loss −0.0121 nats, over 20 turns beside a twin without.",
    ),
    (
        TwinLost(9, "rage", 5, 4, "a \x1b[2J error", 9.0),
        "The twin without Rage is lost after 4 turns, without a verdict: a ␛[2J error.",
    ),
    (SaveDue(50, "autosave"), ""),
]


@pytest.mark.parametrize(("event", "sentence"), TOLD, ids=lambda value: type(value).__name__)
def test_sentences(event: Event, sentence: str) -> None:
    """These events are told in exactly these words."""
    floor = 0.6267 if isinstance(event, CampaignEnded) and event.ending == "victory" else None
    assert sentence == tell(event, Objective(limit=floor))


@pytest.mark.parametrize("cls", EVENTS.values())
def test_every_event_with_a_line_has_a_sentence(cls: type[Event]) -> None:
    """An event with a line of its own in the log has words of its own."""
    assert cls.topic is None or cls in {**narration.sentence.registry, **narration.measured.registry}


@given(st.one_of(*(st.builds(cls) for cls in EVENTS.values())))
def test_one_safe_line(event: Event) -> None:
    """Whatever an event holds, its sentence is one line of printable characters; only a due save has none."""
    sentence = tell(event)
    assert sentence.isprintable()
    assert bool(sentence) != isinstance(event, SaveDue)


def test_a_turn_in_one_line() -> None:
    """The roll and the step it led to share a line."""
    line = "d20 17 + 2 = 19 against DC 12: hit, k 1.35; loss 2.301, k asked 1.35, felt 1.350."
    assert line == tell_turn([HIT], STEP)


def test_a_turn_of_many_rolls() -> None:
    """Rolls on micro-batches are counted, not listed."""
    rolls = [HIT, DiceRolled(412, 20, (1,), 1, 2, 3, 12, "fumble", 0.0, 1), DiceRolled(412, 20, (20,), 20, 2, 22, 12, "crit", 2.0, 2)]
    assert tell_turn(rolls, STEP).startswith("3 rolls of the d20 against DC 12: 1 fumble, 1 hit, 1 critical hit, mean k 1.117; loss 2.301")


def test_a_step_that_was_refused() -> None:
    """A step that is not finite says that nothing was applied, in place of its numbers."""
    step = StepTaken(3, float("nan"), 2.3, float("inf"), 1e-3, 1.0, 0.0, 0.0, 0.0, 768, 1.0, False, ())
    assert tell(step) == "Loss or gradient is not finite: nothing was applied, the weights are as they were."


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.35, "1.35"), (2.0, "2"), (0.5, "0.5"), (-0.001, "0"), (100.0, "100"), (float("nan"), "not a number"), (float("inf"), "infinite")],
)
def test_numbers(value: float, words: str) -> None:
    """Numbers carry no decimals that say nothing, and no minus in front of zero."""
    assert words == number(value)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (UseAbility("rage"), "Rage"),
        (UseAbility("spell_mastery", "calm"), "Spell Mastery (Calm)"),
        (UseAbility("spell_mastery", "dismiss"), "dismissing Spell Mastery"),
        (SetAuto("rage", True), "Rage by itself: on"),
        (TakeShortRest(), "a short rest"),
        (SaveGame("camp"), 'a save named "camp"'),
        (Predict("level"), "the prediction level"),
        (SpendInspiration(), "inspiration"),
        (UseItem("ring_of_the_mean"), "Ring of the Mean"),
        (RaiseStat("INT"), "raising INT"),
    ],
)
def test_commands_have_names(command: object, words: str) -> None:
    """A wish is called what people call it."""
    assert words == name_command(command)  # type: ignore[arg-type]


def test_titles_of_strangers() -> None:
    """A name that the rules do not know is spelled out."""
    assert title("ancient_kraken") == "Ancient Kraken"


# Foreign text.


@given(st.text(st.characters()))
def test_clean_leaves_nothing_that_steers(text: str) -> None:
    """Cleaned text holds printable characters, newlines and tabs, and is as it is when cleaned again."""
    cleaned = clean(text)
    assert all(char.isprintable() or char in "\n\t" for char in cleaned)
    assert cleaned == clean(cleaned)


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], codec="utf-8")))
def test_clean_keeps_what_can_be_read(text: str) -> None:
    """Letters, digits and punctuation of any script pass unchanged; spaces other than the plain one are replaced."""
    kept = "".join(char if char.isprintable() else "\ufffd" for char in text)
    assert kept == clean(kept)
    assert kept == clean(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x00\x7f", "␀␡"),
        ("\x9b31m", "\ufffd31m"),
        ("a\u202eb\u200bc", "a\ufffdb\ufffdc"),
        ("\r\n", "␍\n"),
        ("z" + "\u0301" * 50, "z\u0301\u0301"),
        ("\ud800", "\ufffd"),
    ],
)
def test_clean_shows_what_was_there(text: str, shown: str) -> None:
    """Control characters become pictures, hidden ones a replacement, towers of marks are cut."""
    assert shown == clean(text)


@given(st.text(st.characters()))
def test_marks_are_capped(text: str) -> None:
    """No character carries more than two combining marks."""
    run = 0
    for char in clean(text):
        run = run + 1 if unicodedata.combining(char) else 0
        assert run <= 2


@given(st.text(st.characters()))
def test_flat_is_one_line(text: str) -> None:
    """A flat text is printable throughout, so it is one line."""
    assert flat(text).isprintable()


@given(st.text(st.characters()), st.integers(0, 60))
def test_one_line_fits(text: str, width: int) -> None:
    """A line fits its cells, wide characters counted double, and is printable."""
    line = one_line(text, width)
    assert cell_len(line) <= width
    assert line.isprintable()


def test_one_line_marks_the_cut() -> None:
    """What does not fit ends with an ellipsis."""
    assert [one_line("a  b\nc", 10), one_line("abcdefgh", 5), one_line("abc", 0)] == ["a b c", "abcd…", ""]


def test_titles_of_a_mode_are_known_where_nothing_is_trained() -> None:
    """`rolltrain replay` and `export` load no kind of training; its monsters and signals are called there as on the screen."""
    script = "from rolltrain_tui.story.phrases import title; print(title('kl_specter'), title('q_bias'), sep=', ')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "KL Specter, Hope", done.stderr
