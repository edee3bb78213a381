"""The built-in worlds of the dungeon: the same everywhere, always to be won, and honest about what they accept."""

import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolltrain_tui.modes.dungeon.worlds.adventure import Adventure
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, Observation, World
from rolltrain_tui.modes.dungeon.worlds.settings import DIFFICULTIES, WorldSettings, of_difficulty
from rolltrain_tui.modes.dungeon.worlds.themes import COLOURS, DIRECTIONS, MOST_ROOMS, THEMES
from rolltrain_tui.modes.dungeon.worlds.words import words

KINDS = st.builds(
    WorldSettings,
    rooms=st.integers(1, MOST_ROOMS),
    quest=st.sampled_from(("coin", "cook")),
    theme=st.sampled_from(tuple(THEMES)),
    locks=st.integers(0, 6),
    boxes=st.integers(0, 3),
    loops=st.integers(0, 12),
    clutter=st.integers(0, 4),
    points=st.sampled_from(("dense", "sparse")),
    marks=st.booleans(),
)
SEEDS = st.integers(0, 2**63)


def played(world: World, commands: tuple[str, ...]) -> list[Observation]:
    return [world.reset(), *(world.step(command) for command in commands)]


def wander(world: World, dice: Random, most: int = 60) -> list[Observation]:
    """A game of random admissible commands."""
    seen = [world.reset()]
    while not seen[-1].done and len(seen) <= most:
        seen.append(world.step(dice.choice(seen[-1].admissible)))
    return seen


def heard(world: World, seen: list[Observation]) -> set[str]:
    told = [text for o in seen for text in (o.feedback, o.description, o.inventory, *o.admissible)]
    return set(words(" ".join([*told, world.objective])))


@given(KINDS, SEEDS)
@settings(max_examples=150, deadline=None)
def test_every_walkthrough_wins_with_all_points_and_only_words_of_the_vocabulary(kind: WorldSettings, seed: int) -> None:
    world = Adventure(kind, seed)
    seen = played(world, world.walkthrough)
    assert [o.done for o in seen] == [False] * (len(seen) - 1) + [True]
    assert all(o.accepted for o in seen)
    assert seen[-1].won
    assert seen[-1].score == world.max_score
    assert seen[-1].admissible == ()
    assert world.moves == len(world.walkthrough)
    assert heard(world, seen) <= set(BuiltIn(kind).vocabulary)


@given(KINDS, SEEDS)
@settings(max_examples=60, deadline=None)
def test_a_random_game_never_loses_points_and_whoever_wins_has_them_all_in_no_fewer_moves_than_par(kind: WorldSettings, seed: int) -> None:
    world = Adventure(kind, seed)
    seen = wander(world, Random(seed))
    scores = [o.score for o in seen]
    assert scores == sorted(scores)
    assert heard(world, seen) <= set(BuiltIn(kind).vocabulary)
    if seen[-1].won:
        assert scores[-1] == world.max_score
        assert world.moves >= len(world.walkthrough)


@given(KINDS, SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_game_goes_on_from_its_state_in_another_copy_of_the_world(kind: WorldSettings, seed: int) -> None:
    world, copy = Adventure(kind, seed), Adventure(kind, seed)
    wander(world, Random(seed), most=9)
    state = world.state
    assert hash(state) == hash(tuple(state))
    there = copy.restore(state)
    assert there._replace(feedback="") == world.restore(state)
    for command in there.admissible[:3]:
        assert copy.step(command) == world.step(command)
        assert copy.state == world.state


@given(KINDS, SEEDS)
@settings(max_examples=25, deadline=None)
def test_whoever_follows_the_advice_wins_from_anywhere(kind: WorldSettings, seed: int) -> None:
    world = Adventure(kind, seed)
    seen = wander(world, Random(seed), most=15)
    for _ in range(80):
        if seen[-1].done:
            break
        seen.append(world.step(world.advice))
    assert seen[-1].won
    assert world.advice == ""


@pytest.mark.parametrize("state", [(), (0,) * 5, (0, 99, *[0] * 30), ("a",) * 10, (-1, *[0] * 9)])
def test_a_state_of_another_world_is_refused(state: tuple[int | str, ...]) -> None:
    with pytest.raises(ValueError, match="saved in another world"):
        Adventure(WorldSettings(), 3).restore(state)


def test_a_world_is_the_same_in_another_process() -> None:
    """String hashes differ from process to process; no draw and no order may hang on them."""
    told = "\n".join(repr(Adventure(of_difficulty(WorldSettings(rooms=9, quest="cook"), "hard"), seed).walkthrough) for seed in range(30))
    program = (
        "from rolltrain_tui.modes.dungeon.worlds.adventure import Adventure\n"
        "from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings, of_difficulty\n"
        "kind = of_difficulty(WorldSettings(rooms=9, quest='cook'), 'hard')\n"
        "print('\\n'.join(repr(Adventure(kind, seed).walkthrough) for seed in range(30)))\n"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == told


TOLD = {"castle": "104074dee3ae1d26", "ship": "a9dcc447eed50a96", "station": "4cf47c2813b9dec7"}
"""Theme -> hash of some of its worlds, as they were told first."""


@pytest.mark.parametrize("theme", THEMES)
def test_worlds_stay_what_they_are_from_version_to_version(theme: str) -> None:
    """A save names a world by its seed: the generator may not change."""
    told = "\n".join(
        f"{world.title}: {' '.join(world.walkthrough)}: {world.reset().description}"
        for name in DIFFICULTIES
        for quest in ("coin", "cook")
        for world in [Adventure(of_difficulty(WorldSettings(rooms=6, quest=quest, theme=theme), name), 7)]
    )
    assert sha256(told.encode()).hexdigest()[:16] == TOLD[theme]


def test_sparse_points_and_marks_change_no_map() -> None:
    kind = WorldSettings(rooms=6)
    assert Adventure(kind, 1).layout == Adventure(replace(kind, points="sparse", marks=False), 1).layout
    assert Adventure(replace(kind, points="sparse"), 1).max_score == 1


def test_visited_exits_are_marked_only_if_asked() -> None:
    for marks in (True, False):
        world = Adventure(WorldSettings(marks=marks), 7)
        gone = world.step(next(c for c in world.reset().admissible if c.startswith("go")))
        assert ("(visited)" in gone.description) is marks


@pytest.mark.parametrize("theme", THEMES)
def test_the_words_of_a_theme_are_single_and_never_mean_two_things(theme: str) -> None:
    own = THEMES[theme]
    named = [*own.rooms, *own.boxes, *own.foods, *own.clutter, own.door, own.key, own.coin, own.chest, own.stove, *COLOURS, *DIRECTIONS]
    assert len(set(named)) == len(named)
    assert all(words(name) == [name] for name in named)
    assert len(own.rooms) >= MOST_ROOMS


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("", "Say what to do."),
        ("dance", "I do not know how to dance."),
        ("go up", "The directions are"),
        ("go n", "There is no way north."),
        ("go w", "Go where?"),
        ("go", "Say what to go."),
        ("take moon", "You see no moon."),
        ("eat chest", "You cannot eat the chest."),
        ("take chest", "cannot be taken"),
        ("x" * 10_000_000, "I do not know"),
        ("\x1b[2J[bold]", "I do not know"),
    ],
)
def test_a_refused_command_says_why_and_changes_nothing(command: str, told: str) -> None:
    world = Adventure(WorldSettings(), 7)
    world.reset()
    before = world.state
    after = world.step(command)
    assert told in after.feedback
    assert after.feedback.isprintable()
    assert len(after.feedback) < 120
    assert not after.accepted
    assert world.state == before


@given(KINDS, SEEDS)
@settings(max_examples=25, deadline=None)
def test_every_command_of_the_world_is_either_admissible_or_refused_with_a_reason(kind: WorldSettings, seed: int) -> None:
    world = Adventure(kind, seed)
    layout = world.layout
    names = [
        *layout.things,
        *(name for name, _ in layout.containers),
        *(f"{c} {layout.theme.door}" for c in layout.colours),
        layout.theme.stove,
    ]
    commands = [f"{verb} {name}" for verb in ("take", "drop", "unlock", "open", "cook", "eat") for name in names]
    dice = Random(seed)
    for _ in range(12):
        before, state = world.restore(world.state), world.state
        for command in [*commands, *(f"go {direction}" for direction in DIRECTIONS)]:
            if command not in before.admissible:
                refused = world.step(command)
                assert not refused.accepted
                assert refused.feedback.endswith(".")
                assert "know" not in refused.feedback
        assert world.state == state
        if not before.done:
            world.step(dice.choice(before.admissible))


@pytest.mark.parametrize("command", ["GO   North.", " go north ", "Go north!", "go north\n"])
def test_case_blanks_and_a_final_stop_do_not_matter(command: str) -> None:
    world = Adventure(WorldSettings(rooms=4), 7)
    for seed in range(99):
        world = Adventure(WorldSettings(rooms=4), seed)
        if "go north" in world.reset().admissible:
            break
    assert world.step(command).accepted


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"rooms": 0}, "rooms is 0; give a whole number from 1 to 16"),
        ({"rooms": 17}, "rooms is 17"),
        ({"rooms": 4.5}, "rooms is 4.5"),
        ({"rooms": True}, "rooms is true"),
        ({"locks": -1}, "locks is -1; give a whole number from 0 to 6"),
        ({"quest": "coins"}, "there is no quest 'coins' (do you mean coin?); choose from coin, cook"),
        ({"theme": "\x1b[2J"}, r"there is no theme '\x1b[2J'; choose from castle, ship, station"),
        ({"points": None}, "there is no points null"),
        ({"marks": 1}, "marks is 1; give true or false"),
    ],
)
def test_a_wrong_setting_is_a_sentence(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError) as caught:
        WorldSettings(**wrong)  # type: ignore[arg-type]
    assert told in str(caught.value)


def test_a_wrong_difficulty_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="do you mean hard"):
        of_difficulty(WorldSettings(), "hardd")


def test_the_maker_follows_the_protocol() -> None:
    maker: Maker = BuiltIn(WorldSettings())
    world: World = maker(7)
    assert world.title == "castle, 4 rooms, coin, seed 7"
    assert world.place in THEMES["castle"].rooms
