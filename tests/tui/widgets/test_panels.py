"""What the panels of the expedition say, line by line, without a terminal."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.endings import ENDED
from support.panels import scene_after, text_of

from rolltrain_tui.protocol.events import (
    AbilityUsed,
    DeathSaveRolled,
    DiceRolled,
    HeroHurt,
    ScoutsSetOut,
    Spoke,
    TwinJudged,
    TwinLost,
    TwinSetOut,
)
from rolltrain_tui.protocol.sheet import Charge, Sheet
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.views import AbilityView, Proof, TwinView
from rolltrain_tui.tui.drawing.braille import Canvas
from rolltrain_tui.tui.drawing.polyhedra import picture, solid
from rolltrain_tui.tui.expedition.tempo import SPEEDS, Speedometer, faster, slower
from rolltrain_tui.tui.widgets.game.compact import compact_lines
from rolltrain_tui.tui.widgets.game.die import die_lines
from rolltrain_tui.tui.widgets.game.hero import ability_lines, hero_lines
from rolltrain_tui.tui.widgets.game.log import log_lines
from rolltrain_tui.tui.widgets.game.monster import monster_lines
from rolltrain_tui.tui.widgets.game.proof import proof_lines
from rolltrain_tui.tui.widgets.game.stage import stage_lines
from rolltrain_tui.tui.widgets.game.status import Pace, status_line
from rolltrain_tui.tui.widgets.game.voice import voice_lines
from rolltrain_tui.tui.widgets.keys import Key, key_lines
from rolltrain_tui.tui.widgets.notice import whole_clauses
from rolltrain_tui.tui.widgets.panel import bar, cut, justify, width_of, wrap
from rolltrain_tui.tui.widgets.training.chart import chart_lines
from rolltrain_tui.tui.wording.figures import clock, count, factor, trend, work

PANELS = (hero_lines, monster_lines, voice_lines, chart_lines, log_lines)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.__name__)
@pytest.mark.parametrize("turn", [0, 1, 31, 300])
@pytest.mark.parametrize("size", [(20, 1), (34, 9), (60, 20), (160, 50)])
def test_a_panel_keeps_to_its_height(panel: object, turn: int, size: tuple[int, int]) -> None:
    """Whatever has happened and however small the box, there are never more lines than it holds."""
    assert len(panel(scene_after(turn) if turn else Scene(), *size)) <= size[1]  # type: ignore[operator]


def test_the_sheet_tells_life_charges_and_what_is_in_force() -> None:
    """HP, XP, each ability with its key, its charges and the turns it still has, E[k] and the scores."""
    sheet = text_of(hero_lines(scene_after(4), 34, 12))
    for words in (
        "12/14",
        "0/1000",
        "1 Rage ✔ 6 more turns",
        "1/2",
        "2 Reckless Attack",
        "at will",
        "DC 12",
        "0.912",
        "STR 16 +3",
        "CHA  8 −1",
    ):
        assert words in sheet


def test_the_experience_of_a_high_level_is_whole() -> None:
    """From level 12 on both numbers have six digits: they stand whole beside a bar that ends where the one of life does."""
    scene = scene_after(4)
    scene.sheet = replace(scene.sheet, level=12, xp=102301, next_level_xp=120000)
    life, experience = (text_of([line]) for line in hero_lines(scene, 31, 12)[:2])
    assert experience.endswith("░ 102301/120000")
    assert (31, life.rindex("░" if "░" in life else "█")) == (len(experience), experience.rindex("░"))


def test_dying_is_told_in_marks_and_words() -> None:
    """At 0 HP the death saves stand on the sheet."""
    scene = scene_after(2)
    scene.apply(HeroHurt(3, 20, 0, "breath"))
    scene.apply(DeathSaveRolled(3, 12, 2, 1))
    assert "Dying  ✔✔·  ✖··" in text_of(hero_lines(scene, 34, 12))
    assert "Dying" in text_of(compact_lines(scene, 78))


def test_a_hero_who_fell_for_good_is_not_dying() -> None:
    """In a replay, or for who watches: a run that ended at 0 HP rolls no more death saves."""
    scene = scene_after(2)
    scene.apply(HeroHurt(3, 20, 0, "breath"))
    scene.apply(replace(ENDED, turn=3, ending="fallen", sheet=replace(scene.sheet, hp=0)))
    for text in (text_of(hero_lines(scene, 34, 12)), text_of(compact_lines(scene, 78))):
        assert "Fallen" in text
        assert "Dying" not in text


@pytest.mark.parametrize(("outcome", "word"), [("fumble", "FUMBLE"), ("miss", "MISS"), ("hit", "HIT"), ("crit", "CRIT")])
def test_the_outcome_is_a_word(outcome: str, word: str) -> None:
    """Colour is never the only sign of what the die did."""
    scene = scene_after(1)
    assert scene.roll is not None
    scene.roll = replace(scene.roll, outcome=outcome)  # type: ignore[arg-type]
    assert word in text_of(die_lines(scene, 24, 12, 0))


def test_the_sum_of_two_dice_stands_apart_from_its_comparison() -> None:
    """On a small screen, with advantage: not "= 1414 ≥ DC 12"."""
    scene = scene_after(1)
    assert scene.roll is not None
    scene.roll = replace(scene.roll, naturals=(10, 12), modifier=2, total=14, dc=12)
    assert "= 14 14 ≥ DC 12" in text_of(compact_lines(scene, 78))


@pytest.mark.parametrize("naturals", [(1,), (10, 12), (20, 20)])
@pytest.mark.parametrize("outcome", ["fumble", "hit"])
def test_the_die_of_a_small_screen_is_told_whole(naturals: tuple[int, ...], outcome: str) -> None:
    """Of 60 columns the k that was asked gives way, never the one that was felt."""
    scene = scene_after(1)
    assert scene.roll is not None
    scene.roll = replace(scene.roll, naturals=naturals, total=sum(naturals), outcome=outcome)  # type: ignore[arg-type]
    for width in (58, 78):
        line = compact_lines(scene, width)[3]
        assert width_of(line) <= width
        assert "felt ×0.750 ✔" in text_of([line])


def test_the_die_shows_asked_and_felt() -> None:
    """A k that the weights felt gets a check mark, another one a cross."""
    scene = scene_after(1)
    assert scene.step is not None
    assert "✔" in text_of(die_lines(scene, 26, 12, 0))
    scene.step = replace(scene.step, k_requested=2.0, k_effective=1.1)
    assert "k ×2.000 felt ×1.100 ✖" in text_of(die_lines(scene, 26, 12, 0))


def test_many_rolls_are_counted() -> None:
    """With a roll for each micro-batch, the outcomes are summed up."""
    scene = scene_after(1)
    for micro in range(3):
        scene.apply(DiceRolled(2, 20, (3,), 3, 2, 5, 12, "miss", 0.5, micro))
    assert "3 miss" in text_of(die_lines(scene, 26, 12, 0))


def test_the_chart_has_floor_validation_and_bands() -> None:
    """The floor is named, validation points are diamonds, an ability names its band, turns stand on the axis."""
    scene = scene_after(60)
    drawing = text_of(chart_lines(scene, 80, 16))
    for words in ("floor 1.31", "◆", "Rage", "└0", "60", "val 4.", "lr ", "grad norm"):
        assert words in drawing


def test_the_chart_survives_what_is_not_a_number() -> None:
    """A validation loss that is not finite is left out of the drawing."""
    scene = scene_after(60)
    scene.history.add(replace(scene.history.evaluations[-1], turn=60, value=float("inf")))
    assert 16 == len(chart_lines(scene, 80, 16))


def test_the_chart_can_look_at_the_end_only() -> None:
    """A window begins so many turns back."""
    assert "└200" in text_of(chart_lines(scene_after(300), 80, 16, 100))


def test_the_monster_tells_why_it_is_here_and_what_hurts_it() -> None:
    """Health, signal and weakness are words."""
    words = text_of(monster_lines(scene_after(31), 33, 17))
    for part in ("/100", "Turn 30: The smoothed loss", "0.36 above its best", "weak to"):
        assert part in words


def test_between_encounters_the_dice_are_tallied() -> None:
    """An empty road shows how the dice have fallen so far."""
    words = text_of(monster_lines(scene_after(20), 33, 17))
    assert "The road is quiet." in words
    assert all(word in words for word in ("CRIT", "HIT", "MISS", "FUMBLE"))


HOSTILE = "[red]x[/blue] [/] [@click=app.quit]y[/] \x1b[2J\x1b]0;t\x07 \u202e \x9b31m"


def test_model_text_is_literal() -> None:
    """Markup stays as typed; nothing that steers a terminal is left."""
    scene = scene_after(2)
    scene.apply(Spoke(2, HOSTILE, 2.0))
    for panel in (voice_lines, log_lines):
        shown = text_of(panel(scene, 200, 10))
        assert "[red]x[/blue] [/] [@click=app.quit]y[/]" in shown
        assert all(char.isprintable() or char == "\n" for char in shown)


def test_the_proof_is_a_sum_of_measurements() -> None:
    """The ability's claim, asked and felt over its turns, and the verdict."""
    words = text_of(proof_lines(scene_after(5)))
    for part in ("Rage @1", "×1.500", "5 turns: Σk asked", "✔", "update scale", "still in force"):
        assert part in words


def test_the_proof_shows_the_twin_on_its_way_and_its_verdict() -> None:
    """How far it has come, then difference, standard error and the verdict in words; nothing hangs on a colour."""
    scene = scene_after(5)
    scene.apply(TwinSetOut(1, "rage", 20))
    scene.twin = replace(scene.twin, walked=7)  # type: ignore[type-var]
    assert text_of(proof_lines(scene)[1]).startswith("copy without it: turn 7 of 20  ·  largest error")
    for delta, words in ((-0.0121, "Δval −0.0121 ±0.0006 over 20 turns ▼ helped"), (0.0121, "Δval +0.0121 ±0.0006 over 20 turns ▲ hurt")):
        scene.apply(TwinJudged(25, "rage", 1, 20, delta, 0.0006, "helped" if delta < 0 else "hurt", 80.0))
        assert text_of(proof_lines(scene)[1]).startswith(words)
    scene.apply(TwinJudged(25, "rage", 1, 1, 0.0, 0.0, "no measurable effect", 80.0))
    assert "Δval +0.0000 ±0.0000 over 1 turn = no measurable effect" in text_of(proof_lines(scene))
    scene.apply(TwinJudged(25, "rage", 1, 20, 0.0121, float("inf"), "no measurable effect", 80.0))  # measured on a single example
    assert "Δval +0.0121 over 20 turns = no measurable effect" in text_of(proof_lines(scene))
    scene.apply(TwinLost(25, "rage", 1, 19, "the hero fell", 80.0))
    assert "twin lost, no verdict" in text_of(proof_lines(scene))


def test_the_proof_tells_what_levers_measured() -> None:
    """Where there is room, the levers' own numbers stand on lines of their own below the twin; a narrow strip wraps them."""
    scene = scene_after(5)
    assert scene.step is not None
    scene.apply(TwinSetOut(5, "rage", 20))
    masked = (("cautious", 1.64), ("cautious.others", 0.0), ("cautious.share", 0.61), ("cautious.struck", 11742.0))
    scene.apply(replace(scene.step, turn=6, measured=masked))
    for width, rows in ((80, 3), (30, 4)):
        lines = proof_lines(scene, width, 9)
        assert rows == len(lines)
        assert "11,742 weights agree (61%): ×1.640, the others ×0" == " ".join(text_of([line]).strip() for line in lines[2:])


def test_a_narrow_proof_tells_what_was_felt_rather_than_what_was_claimed() -> None:
    """Both where there is room for both."""
    scene = scene_after(5)
    for width, claims in ((80, True), (50, False)):
        words = text_of(proof_lines(scene, width)[:1]).rstrip()
        assert ("claims" in words) == claims
        assert words.endswith("✔")
        assert len(words) <= width


def test_a_twin_of_something_else_is_named() -> None:
    """Where the strip is about another ability, or about none yet, the twin says whose it is."""
    scene = scene_after(5)
    scene.apply(TwinSetOut(6, "reckless_attack", 20))
    assert "Reckless Attack @6: copy without it: turn 0 of 20" in text_of(proof_lines(scene))
    alone = Scene.of([TwinSetOut(1, "", 20)])
    assert text_of(proof_lines(alone)).startswith("all abilities: copy without it: turn 0 of 20")


def test_a_verdict_on_a_later_use_is_not_told_of_the_one_above() -> None:
    """What the player used stays in sight while the ability triggers by itself; the verdict on that names its own turn."""
    used = [AbilityUsed(turn, "rage", "", live, 1.5, 3, 2, "") for turn, live in ((62, True), (181, False))]
    judged = [TwinJudged(turn, "rage", since, 20, 0.0178, 0.0036, "hurt", 9.0) for turn, since in ((81, 62), (200, 181))]
    mine, later = (text_of(proof_lines(Scene.of([*used, verdict]))) for verdict in judged)
    assert all(words.startswith("Rage @62") for words in (mine, later))
    assert "Rage @181: Δval +0.0178" in later
    assert "Rage @62: Δval" not in mine


def test_a_limited_energy_has_a_bar() -> None:
    """What is left stands beside life and experience where the campaign sets a limit, and nowhere else."""
    scene = scene_after(5)
    assert "EN " not in text_of(hero_lines(scene, 33, 13))
    scene.energy, scene.gflop = 1000.0, 400.0
    (line,) = [line for line in hero_lines(scene, 33, 13) if line and line[0][0] == "EN  "]
    assert "600 GFLOP" in text_of([line])
    assert 33 == width_of(line)
    scene.gflop = 1400.0
    assert "0.00 GFLOP" in text_of(hero_lines(scene, 33, 13))


def test_an_energy_without_room_for_its_parts_keeps_its_name() -> None:
    """It is the run's own, as at its end and in its budget; what proves it, twins and scouts, is never a part of that number."""
    scene = scene_after(5)
    scene.gflop, scene.twin_gflop, scene.scout_gflop = 19.0, 10.0, 230.0
    assert "Energy 19 GFLOP" in text_of(hero_lines(scene, 31, 20))
    assert "Energy 19 GFLOP, twin 10 GFLOP, scouts 230 GFLOP" in text_of(hero_lines(scene, 60, 20))


def test_the_stage_names_a_twins_ability_once() -> None:
    """Whether it watches the use that is shown or an earlier one of the same ability."""
    for since in (2, 5):
        scene = Scene(proof=Proof("rage", "", 5, 1.5, True, turns=1), twin=TwinView("rage", since, 20, walked=7))
        told = text_of(stage_lines(scene, 80, 8))
        assert told.count("Rage") == 1, told
        assert ("@2" in told) == (since == 2)


def test_the_ledger_names_the_twins_share() -> None:
    """The energy is the run's own, as at its end; the twins' stands beside it."""
    scene = scene_after(5)
    scene.apply(TwinLost(5, "rage", 1, 4, "the hero fell", 30.0))
    assert f"Energy {work(scene.gflop)}, twin 30 GFLOP" in text_of(hero_lines(scene, 60, 30))


def test_the_log_shows_turns_or_the_story() -> None:
    """In detail every turn has its line; else only the newest, below the story."""
    scene = scene_after(29)
    full, story = (text_of(log_lines(scene, 80, 40, detailed=detailed)) for detailed in (True, False))
    assert "    12 " in full
    assert "    12 " not in story
    assert all("    29 " in view and "Rage" in view for view in (full, story))


def test_the_log_can_be_scrolled_back_and_stays_there() -> None:
    """Rows before an anchored line do not move when new lines come."""
    scene = scene_after(60)
    anchor = scene.lines
    before = log_lines(scene, 80, 8, 12, anchor)
    scene.apply(Spoke(60, "more", None))
    assert before == log_lines(scene, 80, 8, 12, anchor)
    assert before != log_lines(scene, 80, 8)


def test_long_sentences_hang_under_their_first_word() -> None:
    """A wrapped story line keeps the turn's column free."""
    scene = scene_after(1)
    scene.apply(Spoke(1, "word " * 60, None))
    rows = text_of(log_lines(scene, 50, 6)).splitlines()
    assert all(row.startswith("         word") for row in rows[1:])


def test_the_status_line_tells_progress_tempo_and_safety() -> None:
    """Turn, share, speed, time left and age of the save, all with units."""
    line = text_of(status_line(scene_after(200), Pace(False, 20, 14.2, 12.0, steady=19.9), 120))
    for words in ("The Tiny GPT", "turn  200/2000", "10%", "▶ 20/s", "ETA 1:30", "saved  0:12 ago"):
        assert words in line
    assert "‖ paused" in text_of(status_line(scene_after(2), Pace(True, 20), 120))
    assert "12.0 turns/s" in text_of(status_line(scene_after(2), Pace(False, 20, 12.0), 120))
    assert "turns/s" not in text_of(status_line(scene_after(2), Pace(False, None, 0.001), 120))
    scouting = scene_after(2)
    scouting.apply(ScoutsSetOut(2))
    told = text_of(status_line(scouting, Pace(False, 20, 0.0), 120))
    assert "scouts are out" in told
    assert "turns/s" not in told


def test_the_bar_gives_way_before_the_campaigns_name() -> None:
    scene = Scene(campaign="The Dungeon of Words", turn=6, turns=960)
    told = text_of(status_line(scene, Pace(False, None, 4.2, steady=4.2), 80))
    for words in ("The Dungeon of Words", "turn   6/960", "0%", "▶ full speed", "ETA 3:47"):
        assert words in told
    assert "▱" not in told
    assert "▱" in text_of(status_line(scene, Pace(False, None, 4.2, steady=4.2), 90))


@given(st.integers(60, 300))
def test_the_status_line_fits(width: int) -> None:
    """It is exactly as wide as the screen."""
    assert width == width_of(status_line(Scene(campaign="A long name for a campaign", turns=2000), Pace(), width))


def test_keys_that_do_not_fit_are_left_out() -> None:
    """The line of keys never runs over its rows."""
    keys = [Key(str(n), "Something", "x") for n in range(20)]
    rows = key_lines(keys, 40, 2)
    assert (2, True) == (len(rows), all(width_of(row) <= 40 for row in rows))


@given(st.text(max_size=200), st.integers(1, 40))
def test_wrapping_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    """Nothing but spaces is lost, and no line of narrow letters is too long."""
    lines = wrap(text, width)
    assert "".join(text.split()) == "".join("".join(lines).split())
    if text.isascii():
        assert all(width_of([(line, "")]) <= width for line in lines)


@given(st.text(max_size=60), st.integers(0, 30))
def test_cutting_keeps_the_width(text: str, width: int) -> None:
    """A cut text takes at most the cells it was given."""
    assert width_of([(cut(text, width), "")]) <= max(width, 0)


@given(st.integers(-5, 200), st.integers(0, 100), st.integers(1, 40))
def test_a_bar_keeps_its_width(value: int, most: int, width: int) -> None:
    """Full, empty or over full, a gauge takes the same cells."""
    assert width == width_of(bar(value, most, width, "good"))


def test_justify_lets_the_left_side_give_way() -> None:
    """The right side keeps its place; a name that is too long is cut with an ellipsis."""
    assert "a   b" == text_of(justify([("a", "")], [("b", "")], 5))
    assert "abc… z" == text_of(justify([("abcdefgh", "")], [("z", "")], 6))


@pytest.mark.parametrize(
    ("sides", "corners", "edges"), [(4, 4, 6), (6, 8, 12), (8, 6, 12), (10, 12, 20), (12, 20, 30), (20, 12, 30), (100, 12, 20)]
)
def test_dice_are_the_solids_they_should_be(sides: int, corners: int, edges: int) -> None:
    """Corners and edges of every die; a d100 is drawn as a d10."""
    body = solid(sides)
    assert (corners, edges) == (len(body.vertices), len(body.edges))


def test_a_die_is_drawn_within_its_box() -> None:
    """Every frame of a tumble has the same size."""
    assert {(9, 18)} == {(len(art), max(map(len, art))) for frame in range(24) for art in [picture(20, frame, 18, 9)]}


def test_the_canvas_sets_the_dots_of_braille() -> None:
    """Eight dots a cell, and what is outside is left out."""
    canvas = Canvas(1, 1)
    for x in range(-1, 3):
        for y in range(-1, 5):
            canvas.dot(x, y)
    assert "⣿" == canvas.text(0)


def test_numbers_carry_their_units_and_signs() -> None:
    """Falling is good and marked so; big numbers shrink to their unit."""
    assert ("▼0.004", "good") == trend(-0.004)
    assert ("▲0.120", "bad") == trend(0.12)
    assert ("=0.000", "muted") == trend(0.0001)
    assert ("×−1.000", "×0.500") == (factor(-1), factor(0.5))
    assert ("3.96 GFLOP", "1.24 TFLOP") == (work(3.96), work(1240))
    assert ("812", "12.3 k", "4.56 M") == (count(812), count(12300), count(4.56e6))
    assert ("1:19", "2:03:07", "1 d 1 h", "–") == (clock(79), clock(7387), clock(90000), clock(float("inf")))


def test_speeds_go_up_to_full_and_down_to_one() -> None:
    """The steps of + and -, from any speed a campaign may set."""
    assert [1, 2, 5, 10, 20, 50, None, None] == [faster(speed) for speed in (0.5, 1, 2, 5, 10, 20, 50, None)]
    assert [50, 20, 5, 1, 0.5] == [slower(speed) for speed in (None, 50, 7, 1, 0.5)]
    assert (1, None) == (SPEEDS[0], SPEEDS[-1])


def test_the_speedometer_measures_the_last_seconds() -> None:
    """Turns by time, and nothing before there is something to measure."""
    meter = Speedometer()
    meter.note(0.0, 0)
    assert meter.rate is None
    for tick in range(1, 60):
        meter.note(tick * 0.1, tick * (1 if tick < 20 else 2))
    assert pytest.approx(20, rel=0.1) == meter.rate


def test_the_speedometer_counts_no_time_in_which_the_run_waits() -> None:
    """Else the first seconds after a pause would tell of a slow run, and of an end that is far away."""
    meter = Speedometer()
    for second in range(60):
        meter.note(second, 242, standing=True)
    assert meter.rate is None
    for tick in range(10):
        meter.note(60 + tick * 0.1, 242 + tick)
    assert pytest.approx(10) == meter.rate


def test_an_evaluation_slows_the_run_as_seen_but_moves_its_end_little() -> None:
    """No turn ends while it lasts: the speed of that moment says nothing of the hundreds of turns to come."""
    meter = Speedometer()
    for tick in range(560):
        meter.note(tick * 0.1, tick)
    for tick in range(560, 590):
        meter.note(tick * 0.1, 559)
    assert meter.rate == 0
    assert pytest.approx(9.5, rel=0.02) == meter.steady


def test_another_speed_is_measured_anew() -> None:
    meter = Speedometer()
    for tick in range(100):
        meter.note(tick * 0.1, tick, 10)
    for tick in range(10):
        meter.note(10 + tick * 0.1, 100 + 5 * tick, 50)
    assert pytest.approx(50) == meter.steady == meter.rate


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (95, "Rage helped; validation loss −0.0231 nats, plus or minus 0.0029, over 20 turns beside a twin."),
        (70, "Rage helped; validation loss −0.0231 nats, plus or minus 0.0029 …"),
        (60, "Rage helped; validation loss −0.0231 nats …"),
        (30, "Rage helped; validation loss …"),
        (9, "Rage …"),
        (3, "Ra…"),
    ],
)
def test_an_answer_loses_whole_clauses(width: int, shown: str) -> None:
    assert shown == whole_clauses("Rage helped; validation loss −0.0231 nats, plus or minus 0.0029, over 20 turns beside a twin.", width)


@pytest.mark.parametrize("width", [36, 44, 52, 58, 76])
def test_a_turn_in_the_log_is_never_cut(width: int) -> None:
    """It is told in fewer words; the loss and its trend stay."""
    scene = scene_after(40)
    for line in log_lines(scene, width, 12):
        assert width_of(line) <= width
    assert "loss " in text_of(log_lines(scene, width, 40))
    assert any(sign in text_of(log_lines(scene, width, 40)) for sign in "▼▲")


@pytest.mark.parametrize("width", [26, 28, 30, 32, 40])
def test_what_is_in_force_is_told_in_the_words_that_fit(width: int) -> None:
    scene = scene_after(4)
    scene.sheet = replace(scene.sheet, charges=tuple(replace(charge, auto=True) for charge in scene.sheet.charges))
    rage = text_of(hero_lines(scene, width, 12)).splitlines()[3]
    assert "…" not in rage
    assert "✔" in rage
    assert rage.endswith("auto  1/2")


def test_the_option_in_force_is_told_whole() -> None:
    """Beside a cantrip that is held the words "at will" have no room, and no use."""
    scene = Scene(sheet=Sheet(hero_class="wizard", level=5, charges=(Charge("spell_mastery", None, None, "", False),)))
    assert "Spell Mastery" in text_of(ability_lines(scene, 30))
    assert "at will" in text_of(ability_lines(scene, 30))
    scene.active["spell_mastery"] = AbilityView("spell_mastery", "quicken", None)
    assert text_of(ability_lines(scene, 30)).split() == ["1", "Spell", "Mastery", "✔", "quicken"]
