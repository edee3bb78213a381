"""A population of runs seeks settings, and every member can be proven."""

import json
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import CAMPAIGNS, TINY
from support.shell import Answer

from rolltrain_tui.base.jobs import Died, J, R, Stopped, in_this_process
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.evolution import contest
from rolltrain_tui.experiment.evolution.course import LEGS, Evolution, Scene
from rolltrain_tui.experiment.evolution.leg import Leg, walk
from rolltrain_tui.experiment.evolution.picture import draw
from rolltrain_tui.experiment.evolution.plan import Mutation, Plan, plan
from rolltrain_tui.experiment.evolution.search import exchanges, explored, first_settings, ranked
from rolltrain_tui.experiment.evolution.table import answer, as_json, table
from rolltrain_tui.experiment.grid import ExperimentError
from rolltrain_tui.protocol.events import SaveFailed
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.run import Run

Config = Callable[..., CampaignConfig]
Once = Callable[[str, Callable[[Path], Evolution]], Evolution]
RATE = "optimizer.learning_rate"


def planned(config: CampaignConfig, *mutate: str, **given: object) -> Plan:
    chosen = {"method": "pbt", "population": 3, "every": 4, "cut": 0.34, **given}
    return plan(config, Path.cwd(), mutate=mutate or (RATE,), **chosen)  # type: ignore[arg-type]


def live(evolution: Evolution, stopped: Stopped = lambda: False) -> list[Scene]:
    evolution.plan.write(evolution.folder)
    return list(evolution.scenes(in_this_process, stopped))


@pytest.fixture
def grown(tiny_config: Config, once: Once) -> Evolution:
    """Three members, three generations of four turns."""

    def make(folder: Path) -> Evolution:
        live(evolution := Evolution(planned(tiny_config()), folder))
        return evolution

    return once("grown", make)


@pytest.mark.slow
def test_every_member_verifies_back_through_its_parents(grown: Evolution) -> None:
    verdicts = {member.run: word for member, word in grown.verdicts(in_this_process, lambda: False)}
    assert set(verdicts.values()) == {"exact"}
    assert len(verdicts) == 3
    assert any(len(member.parents) > 0 for member in grown.members)


def test_a_member_that_is_replaced_goes_on_with_the_winners_weights_and_other_settings(grown: Evolution) -> None:
    child = max(grown.members, key=lambda member: len(member.parents))
    parent = next(member for member in grown.members if member.run == child.parents[-1])
    turn, settings = child.past[-1]
    assert [point for point in child.curve if point[0] <= turn] == [point for point in parent.curve if point[0] <= turn]
    assert settings == child.settings != parent.settings
    assert child.curve[-1] != parent.curve[-1]


@pytest.mark.slow
def test_an_evolution_that_was_stopped_anywhere_ends_as_one_that_was_not(grown: Evolution, tmp_path: Path) -> None:
    """Stopped after its 2nd, 5th and 8th scene, and each time begun anew. A run that the player has branched from a member stays."""
    (own := tmp_path / "members" / "a branch of mine").mkdir(parents=True)
    (tmp_path / "births" / "half a member").mkdir(parents=True)
    for most in (2, 5, 8, 99):
        evolution, seen = Evolution(grown.plan, tmp_path), list[Scene]()
        evolution.plan.write(tmp_path)
        for scene in evolution.scenes(in_this_process, lambda seen=seen, most=most: len(seen) >= most):  # type: ignore[misc]
            seen.append(scene)
    assert seen[-1].finished
    assert (evolution.members, evolution.spent) == (grown.members, grown.spent)
    assert own.is_dir()
    assert not (tmp_path / "births" / "half a member").exists()


@pytest.mark.slow
def test_energy_is_what_all_members_spent_and_every_method_spends_the_same(tiny_config: Config, tmp_path: Path) -> None:
    whole = planned(tiny_config("turns=8", "schedule.warmup_turns=1"), population=2, cut=0.5)
    finished: dict[tuple[contest.Method, int], Evolution] = {}
    for (method, seed), (of, folder) in contest.plans(whole, ("pbt", "grid"), 1, tmp_path).items():
        live(evolution := Evolution(of, folder))
        finished[method, seed] = evolution
    assert len({round(evolution.spent, 9) for evolution in finished.values()}) == 1
    assert "Δ is paired by seed" in contest.table(finished)
    assert set(draw(finished)) == {"contest.png", "contest.svg"}
    page = json.loads(json.dumps(contest.as_json(finished), allow_nan=False))
    assert [row["method"] for row in page["methods"]] == ["pbt", "grid"]
    assert len(page["differences"]) == 2


@pytest.mark.parametrize(("better", "verdict"), [("lower", "better"), ("higher", "worse")])
def test_which_method_is_better_goes_by_the_objective(better: str, verdict: str) -> None:
    """The one whose values are lower on every seed, where lower values are better; in the table as in the page."""
    objective = SimpleNamespace(name="score", of_loss=False, better=better)

    def evolution(value: float) -> SimpleNamespace:
        plan = SimpleNamespace(config=SimpleNamespace(objective=objective))
        return SimpleNamespace(plan=plan, ranking=[SimpleNamespace(value=value)], spent=1.0)

    values = {"pbt": (1.0, 2.1, 3.0), "grid": (2.0, 3.0, 4.1)}
    finished: Any = {(method, seed): evolution(value) for method, found in values.items() for seed, value in enumerate(found)}
    told = {(row["method"], row["other"]): row["verdict"] for row in contest.as_json(finished)["differences"]}
    other = {"better": "worse", "worse": "better"}[verdict]
    assert told == {("pbt", "grid"): verdict, ("grid", "pbt"): other}
    rows = [line for line in contest.table(finished).splitlines() if line.split()[:1] in (["pbt"], ["grid"])]
    assert [[word for word in ("better", "worse") if word in row] for row in rows] == [[verdict], [other]]


def test_a_member_that_cannot_be_saved_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leg that went on without its saves could not be gone on with."""
    run = SimpleNamespace(campaign=SimpleNamespace(turn=0), play=lambda inbox: iter([SaveFailed(4, "there", "no space left")]))
    monkeypatch.setattr(Run, "resume", lambda folder: run)
    with pytest.raises(saves.SaveError, match="turn 4: no space left"):
        walk(Leg("runs", "member", 8))


def test_methods_share_the_seeds_of_their_members_and_evolutions_do_not(tiny_config: Config) -> None:
    places = contest.plans(planned(tiny_config()), ("pbt", "random"), 2, Path("x"))
    assert [of.config.seed for of, _ in places.values()] == [7, 7, 10, 10]
    assert [str(folder) for _, folder in places.values()] == ["x/pbt-seed7", "x/random-seed7", "x/pbt-seed10", "x/random-seed10"]


def dying(at: Callable[[Leg], bool]) -> Callable[..., Iterator[tuple[J, R | Died]]]:
    """An executor in which these legs die."""

    def execute(work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
        for job in jobs:
            if isinstance(job, Leg) and at(job):
                yield job, Died("its process ended with code 9, 2 times")
            else:
                yield from in_this_process(work, [job], stopped)

    return execute


@pytest.mark.slow
def test_a_member_that_fails_counts_as_the_worst_and_is_replaced(tiny_config: Config, tmp_path: Path) -> None:
    (evolution := Evolution(planned(tiny_config()), tmp_path)).plan.write(tmp_path)
    told = [scene.words for scene in evolution.scenes(dying(lambda leg: leg.name == "m01-g01"), lambda: False)]
    assert "m01 failed: its process ended with code 9, 2 times" in told
    assert any(words.startswith("m01 goes on from") for words in told)
    assert not any(member.failure for member in evolution.members)


def test_where_all_members_fail_nothing_is_kept_of_it(grown: Evolution, tmp_path: Path) -> None:
    (evolution := Evolution(grown.plan, tmp_path)).plan.write(tmp_path)
    with pytest.raises(ExperimentError, match="No member got through generation 2: its process"):
        list(evolution.scenes(dying(lambda leg: leg.until == 8), lambda: False))
    assert len(list((tmp_path / LEGS).iterdir())) == 3


def test_two_processes_do_not_live_the_same_evolution(grown: Evolution, tmp_path: Path) -> None:
    grown.plan.write(tmp_path)
    with saves.Lock(tmp_path), pytest.raises(ExperimentError, match="is in use by another rolltrain"):
        next(Evolution(grown.plan, tmp_path).scenes(in_this_process, lambda: False))


def test_settings_that_cannot_change_on_the_way_are_refused_before_anything_is_trained(tiny_config: Config, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"cannot take over from one another .* --method random"):
        live(Evolution(planned(tiny_config(), "model.n_layer=1..4"), tmp_path))
    assert not (tmp_path / LEGS).exists()
    live(evolution := Evolution(planned(tiny_config("turns=6"), "model.n_layer=1..4", method="random", every=4), tmp_path))
    assert len({member.settings for member in evolution.members}) > 1


def test_the_table_tells_lines_of_parents_and_the_answer_can_be_typed(grown: Evolution) -> None:
    child = max(grown.members, key=lambda member: len(member.parents))
    assert f"{child.parents[-1]} ▸ {child.past[-1][0]} ▸ {child.run}" in table(grown)
    assert f"from turn 0: {RATE}=" in answer(grown)
    page = json.loads(json.dumps(as_json(grown, {child.index: "exact"}), allow_nan=False))
    assert [member["value"] for member in page["members"]] == sorted(member["value"] for member in page["members"])
    assert next(member["verdict"] for member in page["members"] if member["run"] == child.run) == "exact"
    assert {member["failure"] for member in page["members"]} == {None}
    fallen = copy(grown)
    fallen.members = [replace(member, failure="it fell") if member is child else member for member in grown.members]
    assert [member["run"] for member in as_json(fallen)["members"] if member["failure"] == "it fell"] == [child.run]


# The search.


@given(st.integers(0, 9999), st.floats(1e-5, 1.0), st.floats(1.1, 1e4))
def test_settings_stay_in_their_range(seed: int, low: float, ratio: float) -> None:
    draw = Random(seed)
    for mutation in (Mutation("a", low, low * ratio), Mutation("b", -low, low * ratio), Mutation("c", 1, 1 + round(ratio), whole=True)):
        value = mutation.fitted(low)
        for _ in range(5):
            (value,) = explored((mutation,), (value,), draw)
            assert mutation.low <= value <= mutation.high
            assert float(mutation.words(value)) == value


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_the_worst_take_over_from_the_best_and_nobody_from_what_failed(better: str, tiny_config: Config) -> None:
    whole = planned(tiny_config(), population=4, cut=0.5)
    if better == "higher":
        whole = replace(whole)
        object.__setattr__(
            whole, "config", type("Higher", (), {"objective": replace(whole.config.objective, better="higher"), "seed": 1})()
        )
    settings = [(1e-3,)] * 4
    found = exchanges(whole, 1, [1.0, 2.0, 3.0, nan], settings, [True] * 4)
    best = {"lower": {0, 1}, "higher": {1, 2}}[better]
    assert {exchange.winner for exchange in found} <= best
    assert {exchange.loser for exchange in found} == {3, 2 if better == "lower" else 0}
    assert exchanges(whole, 1, [nan, inf, nan, nan], settings, [True] * 4) == []
    assert exchanges(whole, 1, [1.0, 2.0, 3.0, 4.0], settings, [False] * 4) == []
    assert ranked(whole, [nan, 2.0, inf, 1.0])[2:] == [0, 2]


def test_a_grid_has_even_steps_from_end_to_end(tiny_config: Config) -> None:
    found = first_settings(planned(tiny_config(), f"{RATE}=1e-4..1e-2", method="grid", population=3))
    assert found == [(1e-4,), (1e-3,), (1e-2,)]


@pytest.mark.parametrize("sides", [2, 3, 4])
def test_a_grid_over_two_settings_has_each_with_each(sides: int, tiny_config: Config) -> None:
    """A square of them, and no other number; the nearest that fits is told."""
    ranges = (f"{RATE}=1e-4..1e-2", "optimizer.weight_decay=0.01..0.1")
    found = first_settings(planned(tiny_config(), *ranges, method="grid", population=sides**2))
    rates, decays = ({values[i] for values in found} for i in (0, 1))
    assert (len(rates), len(decays), len(set(found))) == (sides, sides, sides**2)
    with pytest.raises(ExperimentError, match=f"--population {sides**2} is the nearest"):
        first_settings(planned(tiny_config(), *ranges, method="grid", population=sides**2 + 1))


# Wrong input.


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Name what is sought"),
        (["--mutate", "optimizer.lerning_rate"], "--mutate optimizer.lerning_rate=1: unknown key; did you mean 'learning_rate'"),
        (["--mutate", "optimizer.name"], "it is no number"),
        (["--mutate", "optimizer"], "it is no number"),
        (["--mutate", "seed"], "the same for all members"),
        (["--mutate", "device.threads=1..2"], "the same for all members"),
        (["--mutate", "hero.level=1..5"], "--mutate hero.level cannot be sought by pbt"),
        (["--mutate", "model.dropout"], "model.dropout is 0, so its range has to be named"),
        (["--mutate", "model.dropout=0..2"], "--mutate model.dropout=2: must be a number"),
        (["--mutate", f"{RATE}=5"], "write the range as LOW..HIGH"),
        (["--mutate", f"{RATE}=2..1"], "from a lower to a higher number"),
        (["--mutate", f"{RATE}=nan..inf"], "from a lower to a higher number"),
        (["--mutate", f"{RATE}=\x1b[31m"], "write the range as LOW..HIGH"),
        (["--mutate", RATE, "--mutate", RATE], "names a setting twice"),
        (["--mutate", RATE, "--every", "33"], "The nearest is --every 40"),
        (["--mutate", RATE, "--every", "600"], "The nearest is --every 580"),
        (["--mutate", RATE, "--steps", "10"], "--set evaluation.every=2 makes generations possible"),
        (["--mutate", RATE, "--method", "pbx"], 'Did you mean "pbt"'),
        (["--mutate", RATE, "--mutate", "optimizer.weight_decay", "--method", "grid"], "--population 9 is the nearest"),
        (["--mutate", RATE, "--ray", "nowhere"], "is no address"),
    ],
)
def test_wrong_input_is_a_sentence_before_anything_is_made(
    words: list[str], says: str, call: Callable[..., Answer], tmp_path: Path
) -> None:
    answer = call("evolve", "tutorial", "--plain", "--out", tmp_path / "out", *words)
    assert (answer.code, answer.out) == (2, "")
    assert says in " ".join(answer.err.split())
    assert "\x1b" not in answer.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("page", "says"),
    [
        ("{", "does not describe an evolution"),
        ("[]", "it is no JSON object with a format"),
        ("{}", "it is no JSON object with a format"),
        ("[" * 100_000, "nested too deeply"),
        (
            json.dumps(
                {"format": 1, "campaign": "{}", "base": "", "method": "pbt", "population": "4", "every": 5, "cut": 0.25, "mutations": []}
            ),
            "plan.population: expected a whole number",
        ),
        ('{"format": 9}', "newer rolltrain"),
        (None, "another evolution"),
    ],
)
def test_a_folder_with_something_else_in_it_is_left_alone(page: str | None, says: str, tiny_config: Config, tmp_path: Path) -> None:
    whole = planned(tiny_config())
    replace(whole, population=5).write(tmp_path)
    if page is not None:
        (tmp_path / "evolution.json").write_text(page)
    before = (tmp_path / "evolution.json").read_bytes()
    with pytest.raises(ExperimentError, match=says):
        whole.write(tmp_path)
    assert (tmp_path / "evolution.json").read_bytes() == before


def test_a_plan_is_read_as_it_was_written(tiny_config: Config, tmp_path: Path) -> None:
    whole = planned(tiny_config(), RATE, "batch.sequences=2..9")
    whole.write(tmp_path)
    assert Plan.read(tmp_path) == whole
    assert Plan.read(tmp_path / "elsewhere") is None


@pytest.mark.slow
def test_the_command_evolves_verifies_and_goes_on(call: Callable[..., Answer], tmp_path: Path) -> None:
    """In processes of its own; called again it reads what is done."""
    sets = [word for value in (*TINY, "turns=8") for word in ("--set", value)]
    words = ["evolve", CAMPAIGNS / "tiny_gpt.yaml", "--mutate", RATE, "--population", 2, "--every", 4, "--cut", 0.5, "--workers", 1]
    first = call(*words, *sets, "--out", tmp_path, "--verify", "--json")
    assert first.code == 0, first.err
    assert "2 of 2 members are exact" in first.err
    page = json.loads(first.out)
    assert {member["verdict"] for member in page["members"]} == {"exact"}
    again = call(*words, *sets, "--out", tmp_path, "--plain")
    assert (again.code, "Generation 2 of 2 was done before." in again.err) == (0, True)
    assert f"rolltrain verify {tmp_path}/members/{page['members'][0]['run']}" in again.err
