"""The scene as a fold of events."""

import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.sheet import Charge, Sheet
from rolltrain_tui.runs.log import event_codec
from rolltrain_tui.runs.verification.differences import same
from rolltrain_tui.story.narration import sentence, tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.scene import STORY_LINES, TURN_LINES, fold
from rolltrain_tui.story.scene.series import CAPACITY

RAGE = Charge("rage", 2, 2, "long", False)
RECKLESS = Charge("reckless_attack", None, None, "", False)


HERO = Sheet(
    name="Brakka",
    hero_class="barbarian",
    stats=(("STR", 16), ("INT", 15)),
    modifier=2,
    hp=14,
    max_hp=14,
    next_level_xp=1000,
    expected_k=0.9125,
    charges=(RAGE, RECKLESS),
)


def began() -> ev.CampaignBegan:
    return ev.CampaignBegan(
        turn=0,
        campaign="The Tiny GPT",
        kind="supervised",
        seed=7,
        turns=100,
        rulebook="hero",
        die=20,
        dc=12,
        sheet=HERO,
        objective=Objective(limit=1.31),
        parameters=1000,
        model="1,000 weights, 45 tokens",
        device="cpu",
        dtype="float32",
    )


def rolled(turn: int, natural: int = 10, outcome: ev.Outcome = "hit", micro: int = 0) -> ev.DiceRolled:
    return ev.DiceRolled(turn, 20, (natural,), natural, 2, natural + 2, 12, outcome, 1.0, micro)


def stepped(turn: int, loss: float = 2.0, k: float = 1.0, felt: float | None = None, finite: bool = True) -> ev.StepTaken:
    return ev.StepTaken(
        turn=turn,
        loss=loss,
        loss_ema=loss,
        grad_norm=0.5,
        lr=1e-3,
        k_requested=k,
        k_effective=k if felt is None else felt,
        proposed_norm=0.1,
        applied_norm=0.1 * k,
        tokens=768,
        gflop=4.0 * turn,
        finite=finite,
        levers=("update_scale",),
    )


def raged(turn: int, turns: int = 10, live: bool = True) -> ev.AbilityUsed:
    return ev.AbilityUsed(turn, "rage", "", live, 1.5, turns, 1)


def test_the_beginning_fills_the_sheet() -> None:
    """Title, rules, hero and charges stand there before the first turn."""
    scene = Scene.of([began()])
    assert ("The Tiny GPT", 100, 12, 0.9125, 1.31) == (scene.campaign, scene.turns, scene.dc, scene.sheet.expected_k, scene.objective.limit)
    assert ("Brakka", 14, 1000) == (scene.sheet.name, scene.sheet.hp, scene.sheet.next_level_xp)
    assert ["rage", "reckless_attack"] == list(scene.charges)


def test_a_turn_shows_its_roll_its_step_and_its_change() -> None:
    """The turn's line holds the dice, the measured step and the change against the turn before."""
    scene = Scene.of([began(), rolled(1), stepped(1, 3.0), rolled(2, 17), stepped(2, 2.5)])
    line = scene.turn_lines[-1]
    assert (2, 17, 2.5, -0.5) == (line.step.turn, line.roll and line.roll.natural, line.step.loss, line.change)
    assert (2, 8.0) == (scene.turn, scene.gflop)


def test_rolls_of_micro_batches_are_counted_together() -> None:
    """Several rolls in one turn make one view with the number of each outcome."""
    scene = Scene.of([began(), rolled(1, 10, "hit"), rolled(1, 3, "miss", 1), rolled(1, 12, "hit", 2)])
    assert {"hit": 2, "miss": 1} == scene.roll_outcomes
    assert (2, 1) == (scene.outcomes["hit"], scene.outcomes["miss"])


def test_an_ability_is_in_force_for_its_turns() -> None:
    """It counts down with every turn done, and its charge is spent."""
    scene = Scene.of([began(), raged(1), rolled(1), stepped(1), rolled(2), stepped(2)])
    assert 8 == scene.turns_left("rage")
    assert 1 == scene.charges["rage"].left


def test_an_ability_leaves_force_by_itself_and_by_event() -> None:
    """After its last turn, or when its end is told, it is gone and its band on the chart is closed."""
    by_time = Scene.of([began(), raged(1, 2), stepped(1), stepped(2)])
    by_event = Scene.of([began(), raged(1), stepped(1), stepped(2), ev.AbilityEnded(2, "rage", "no hit")])
    for scene in (by_time, by_event):
        assert {} == scene.active
        assert [("rage", 1, 2)] == [(span.ability, span.start, span.end) for span in scene.spans]


def test_the_proof_sums_what_was_asked_and_felt() -> None:
    """Over the turns in force, and no further: both sums, and the worst turn."""
    scene = Scene.of([began(), raged(1, 2), stepped(1, k=1.5), stepped(2, k=3.0, felt=2.9), stepped(3, k=9.0)])
    proof = scene.proof
    assert proof is not None
    assert (2, 4.5, pytest.approx(4.4), pytest.approx(0.1), False) == (proof.turns, proof.asked, proof.felt, proof.worst, proof.open)


def test_the_twin_is_followed_from_its_fork_to_its_verdict() -> None:
    """Its turns are counted while it walks; the verdict, or its loss, stays until the next one sets out."""
    scene = Scene.of([began(), raged(1), ev.TwinSetOut(1, "rage", 2), stepped(1)])
    assert scene.twin is not None
    assert ("rage", 1, 1, 2, True) == (scene.twin.ability, scene.twin.since, scene.twin.walked, scene.twin.turns, scene.twin.walking)
    scene.apply(stepped(2))
    scene.apply(judged := ev.TwinJudged(2, "rage", 1, 2, -0.01, 0.001, "helped", 9.5))
    scene.apply(stepped(3))
    assert (judged, 2, 9.5, 12.0) == (scene.twin.end, scene.twin.walked, scene.twin_gflop, scene.gflop)
    scene.apply(ev.TwinSetOut(4, "", 2))
    scene.apply(lost := ev.TwinLost(4, "", 4, 1, "a fall", 11.0))
    assert (lost, False, 11.0) == (scene.twin.end, scene.twin.walking, scene.twin_gflop)


def test_a_trigger_does_not_replace_the_proof_of_an_order() -> None:
    """What the player asked for stays proven until the player asks for something else."""
    scene = Scene.of([began(), raged(1, 1), stepped(1), ev.AbilityUsed(2, "reckless_attack", "", False, 2.0, 1, None)])
    assert scene.proof is not None
    assert "rage" == scene.proof.ability


def test_a_loss_that_is_not_finite_stays_out_of_the_curve() -> None:
    """It is shown, but neither drawn nor compared with."""
    scene = Scene.of([began(), stepped(1, 2.0), stepped(2, math.nan, finite=False), stepped(3, 1.5)])
    assert (2, -0.5) == (len(scene.losses), scene.turn_lines[-1].change)
    assert scene.turn_lines[1].change is None


def test_the_end_of_an_ability_closes_its_own_span_only() -> None:
    """Another ability's span stays open, and a span that was closed before keeps its end."""
    calm = ev.AbilityUsed(4, "spell_mastery", "calm", True, 0.3, 0, None)
    scene = Scene.of([began(), raged(1, 2), stepped(1), stepped(2), calm, raged(5), stepped(5), ev.AbilityEnded(5, "rage", "dismissed")])
    assert [("rage", 1, 2), ("spell_mastery", 4, None), ("rage", 5, 5)] == [(span.ability, span.start, span.end) for span in scene.spans]


def test_a_fall_brings_back_the_sheet_of_the_camp() -> None:
    """Scores, and what INT adds to the die, are those of the event."""
    camp = replace(HERO, stats=(("STR", 14), ("INT", 18)), modifier=4, deaths=1)
    assert camp == Scene.of([began(), ev.HeroFell(4, 0, camp)]).sheet


def test_a_monster_comes_is_struck_and_goes() -> None:
    """Its health follows the blows; afterwards there is a word about how it ended."""
    scene = Scene.of([began(), ev.MonsterAppeared(3, "loss_dragon", "5", 100, 15, "signal"), ev.MonsterStruck(4, "loss_dragon", 30, 70)])
    assert scene.monster is not None
    assert (70, 100) == (scene.monster.hp, scene.monster.max_hp)
    scene.apply(ev.MonsterFell(5, "loss_dragon", 1800))
    assert scene.monster is None
    assert "1800 XP" in scene.last_foe


def test_life_death_and_experience() -> None:
    """Wounds, death saves, a fall and XP are on the sheet; rising, falling and resting clear the death saves."""
    scene = Scene.of([began(), ev.HeroHurt(1, 20, -6, "breath"), ev.DeathSaveRolled(2, 12, 1, 0), ev.XPGained(2, 50, 50, "best")])
    assert (0, (1, 0), 50) == (scene.sheet.hp, scene.death_saves, scene.sheet.xp)
    scene.apply(ev.HeroHealed(3, 5, 5, "natural 20"))
    assert (5, None) == (scene.sheet.hp, scene.death_saves)
    fallen = replace(HERO, deaths=1)
    for turn, end in enumerate((ev.HeroFell(5, 0, fallen), ev.Rested(6, "long", fallen)), 4):
        scene.apply(ev.DeathSaveRolled(turn, 8, 0, 1))
        assert (0, 1) == scene.death_saves
        scene.apply(end)
        assert (1, None) == (scene.sheet.deaths, scene.death_saves)


def test_a_level_brings_new_numbers() -> None:
    """Level, health, the next goal, E[k] and charges are those of the event."""
    charges = (replace(RAGE, left=3, most=3),)
    scene = Scene.of(
        [began(), ev.LevelGained(9, ("more",), replace(HERO, level=2, max_hp=25, next_level_xp=1500, expected_k=0.95, charges=charges))]
    )
    assert (2, 25, 1500, 0.95, 3) == (
        scene.sheet.level,
        scene.sheet.max_hp,
        scene.sheet.next_level_xp,
        scene.sheet.expected_k,
        scene.charges["rage"].left,
    )


def test_automatic_triggers_are_switched() -> None:
    """The sheet shows which abilities act by themselves."""
    assert Scene.of([began(), ev.AutoSet(1, "rage", True)]).charges["rage"].auto


def test_autosaves_are_noted_but_not_told() -> None:
    """The status line knows of every save, the log only of those that somebody asked for."""
    quiet = Scene.of([began(), ev.Saved(50, "autosave", "a")])
    asked = Scene.of([began(), ev.Saved(50, "player", "a")])
    assert quiet.saved is not None
    assert (1, 2) == (len(quiet.story), len(asked.story))


def test_a_resumed_run_is_not_over() -> None:
    """A story that stopped goes on after the save was opened again."""
    scene = Scene.of([began(), stepped(1), ev.CampaignStopped(1)])
    assert scene.finished
    scene.apply(ev.CampaignResumed(1, "The Tiny GPT"))
    assert not scene.finished


def test_other_settings_are_shown_from_their_turn_on() -> None:
    """The number of turns, the dice and the energy are the new ones; the hero stays who he is."""
    scene = Scene.of([began(), stepped(1)])
    hero = scene.sheet.name
    scene.apply(ev.SettingsChanged(1, (("turns", "12", "90"),), 90, "off", 20, 9, replace(HERO, modifier=1, expected_k=1.0), 2.5))
    assert (scene.turns, scene.rulebook, scene.dc, scene.sheet.modifier, scene.sheet.expected_k, scene.energy) == (
        90,
        "off",
        9,
        1,
        1.0,
        2.5,
    )
    assert (scene.turn, scene.sheet.name) == (1, hero)


def test_a_new_event_is_a_class_a_sentence_and_a_fold() -> None:
    """Three definitions suffice: the chronicle, the log and the screen then know the event, and no list names it."""

    @dataclass(frozen=True, slots=True)
    class WindTurned(ev.Event):
        topic = "note"
        milestone = True

        quarter: str

    @sentence.register
    def _(event: WindTurned) -> str:
        return f"The wind turns {event.quarter}."

    @fold.register
    def _(event: WindTurned, scene: Scene) -> None:
        scene.last_foe = event.quarter

    try:
        event = event_codec.decode_event(event_codec.encode(WindTurned(3, "north")))
    finally:
        del ev.EVENTS["WindTurned"]
    scene = Scene.of([event])
    assert event == WindTurned(3, "north")
    assert "The wind turns north." == tell(event)
    assert ("north", "note", [event]) == (scene.last_foe, scene.story[-1].event.topic, list(scene.milestones))


STREAM = st.lists(
    st.one_of(
        st.builds(rolled, st.integers(1, 50), st.integers(1, 20)),
        st.builds(stepped, st.integers(1, 50), st.floats(0.1, 9)),
        st.builds(raged, st.integers(1, 50), st.integers(0, 12), st.booleans()),
        st.builds(ev.AbilityEnded, st.integers(1, 50), st.just("rage"), st.just("over")),
        st.builds(ev.HeroHurt, st.integers(1, 50), st.integers(0, 9), st.integers(-9, 20), st.just("x")),
        st.builds(
            ev.MonsterAppeared, st.integers(1, 50), st.just("gradient_ooze"), st.just("1/2"), st.integers(1, 30), st.just(8), st.just("x")
        ),
    ),
    max_size=60,
)


@given(STREAM, st.data())
def test_folding_in_two_parts_is_folding_once(stream: list[ev.Event], data: st.DataObject) -> None:
    """A scene built from the story so far and then from what follows is the scene of the whole."""
    cut = data.draw(st.integers(0, len(stream)))
    parts = Scene.of(stream[:cut])
    for event in stream[cut:]:
        parts.apply(event)
    assert same(Scene.of(stream), parts)


@pytest.mark.slow
def test_memory_is_bounded_however_long_the_run() -> None:
    """Logs, spans and curve stop growing."""
    scene = Scene.of([began()])
    for turn in range(1, 6001):
        scene.apply(stepped(turn, 2.0 + turn % 7))
        scene.apply(ev.XPGained(turn, 1, turn, "x"))
        scene.apply(raged(turn, 1))
    assert (TURN_LINES, STORY_LINES) == (len(scene.turn_lines), len(scene.story))
    assert len(scene.losses) <= CAPACITY
    assert len(scene.spans) <= 64
