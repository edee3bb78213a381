"""The duel against reference data: inputs and outputs of another program's code. `--golden DIR` reads another folder of the same files."""

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import Any

import pytest
import torch
from torch import Tensor

from rolltrain_tui.modes.duel.config import DecayConfig
from rolltrain_tui.modes.duel.game import (
    Boards,
    actions,
    after,
    begun,
    choices,
    code_of,
    features,
    in_order,
    legal,
    mask_of,
    newton_polytope,
    rescale,
    shift,
    trimmed,
)
from rolltrain_tui.modes.duel.networks.networks import LayerNet, written_out
from rolltrain_tui.modes.duel.players.players import (
    AGENTS,
    HOSTS,
    all_coordinates,
    chances,
    characteristic,
    choose_first,
    choose_last,
    play,
    random_agent,
    random_host,
    zeillinger,
    zeillinger_as_given,
)
from rolltrain_tui.modes.duel.qlearning import explored, follow, td_targets
from rolltrain_tui.modes.duel.replay import Replay
from rolltrain_tui.modes.duel.rewards import REWARDS

RTOL, ATOL = 1e-5, 1e-6

Cases = Callable[[str], list[Any]]


def same(found: Tensor, wanted: Any) -> None:
    expected = torch.tensor(wanted, dtype=torch.float64)
    assert found.shape == expected.shape
    assert torch.allclose(found.double(), expected, rtol=RTOL, atol=ATOL), (found, expected)


def floats(points: Any) -> Boards:
    return Boards.of(torch.tensor(points, dtype=torch.float32))


def reposition(boards: Boards) -> Boards:
    """Subtract from each coordinate its smallest value among the game's living points, which the game itself never does."""
    alive = boards.alive
    lowest = boards.x.amin(dim=1, keepdim=True)  # (d, 1, B); of a game without points, `gone`
    return Boards(torch.where(alive, boards.x - torch.where(alive.any(dim=0), lowest, 0), boards.x))


def forced(boards: Boards, chosen: Tensor, axis: Tensor) -> Boards:
    """`shift` where games that are over move as well: two more points keep each of them going."""
    more = torch.ones(boards.dimension, 2, len(boards), dtype=boards.x.dtype)
    return Boards(shift(Boards(torch.cat([boards.x, more], dim=1)), chosen, axis).x[:, :-2])


def exceeds(boards: Boards, limit: float) -> list[bool]:
    """Whether some coordinate of a game is above the limit."""
    return (boards.padded() > limit).flatten(1).any(dim=1).tolist()


def masks(chosen: Any) -> Tensor:
    """(B, d) of 0 and 1 -> (d, B) bool."""
    return torch.tensor(chosen).bool().T


def picked(coordinates: list[list[int]], dimension: int) -> Tensor:
    """Lists of coordinates -> (d, B) bool."""
    return torch.tensor([[c in own for own in coordinates] for c in range(dimension)])


def living(boards: Boards) -> set[tuple[float, ...]]:
    """The points of the only game, as a set."""
    (points,) = boards.padded().tolist()
    return {tuple(point) for point in points if point[0] >= 0}


# ---------------------------------------------------------------------------------------------------------------------
# The game


def test_newton_polytope(cases: Cases) -> None:
    """The Pareto version: duplicates and dominated points go, and places do not change."""
    for case in cases("newton_polytope"):
        same(newton_polytope(floats(case["input"])).padded(), case["output"])


def test_shift(cases: Cases) -> None:
    """The chosen sum at the axis; illegal axes and games that are over change nothing."""
    for case in cases("shift"):
        moved = (shift if case["ignore_ended_games"] else forced)(floats(case["input"]), masks(case["coords"]), torch.tensor(case["axis"]))
        same(moved.padded(), case["output"])


def test_rescale_reposition_ended_features(cases: Cases) -> None:
    for case in cases("rescale_reposition_ended_features"):
        boards = floats(case["input"])
        same(rescale(boards).padded(), case["rescale"])
        same(reposition(boards).padded(), case["reposition"])
        assert boards.counts.tolist() == case["num_points"]
        assert boards.ended.tolist() == case["ended"]
        same(features(floats(case["features_input"]), boards.points), case["features"])


def test_games(cases: Cases) -> None:
    """Whole games, move by move: the living points in their original order."""
    for case in cases("games"):
        for whole in (False, True) if not case["scale_observation"] else (False,):  # whole numbers are exact, floats to 1e-5
            boards = Boards.of(torch.tensor([case["initial"]], dtype=torch.int64 if whole else torch.float32))
            boards = newton_polytope(boards)
            if case["scale_observation"]:
                boards = rescale(boards)
            start = floats([case["initial"]])
            quick = begun(start) if case["scale_observation"] else trimmed(newton_polytope(start))
            for move in case["moves"]:
                chosen, axis = mask_of(torch.tensor([move["host_action"]]), boards.dimension), torch.tensor([move["axis"]])
                assert chosen[:, 0].nonzero().flatten().tolist() == move["coords"]
                scaled = case["scale_observation"]
                quick = after(quick, chosen, axis) if scaled else trimmed(newton_polytope(shift(quick, chosen, axis)))
                boards = newton_polytope(shift(boards, chosen, axis))
                if scaled:
                    boards = rescale(boards)
                same(boards.padded()[0][boards.alive[:, 0]], move["points"])
                assert boards.ended.tolist() == quick.ended.tolist() == [move["ended"]]
                same(in_order(quick).padded(), features(in_order(boards), boards.points)[:, : quick.points].tolist())


def test_host_actions(cases: Cases) -> None:
    """Code and coordinates, both ways."""
    for case in cases("host_actions"):
        table = choices(case["dimension"])
        assert len(table) == actions(case["dimension"]) == case["actions"]
        assert [row.nonzero().flatten().tolist() for row in table] == case["table"]
        same(table, case["multi_binary"])
        assert code_of(table).tolist() == list(range(case["actions"]))


def test_original_assertions(cases: Cases) -> None:
    """The numbers that the other program's own tests assert."""
    done = set()
    for case in cases("original_tests"):
        op = case["op"]
        done.add(op)
        if op.startswith("pareto, then shift"):
            boards = newton_polytope(floats(case["input"]))
            same(boards.padded(), case["pareto"])
            boards = shift(boards, picked([[1, 2], [0, 2, 3]], 4), torch.tensor([1, 3]))
            same(boards.padded(), case["shift"])
            boards = reposition(boards)
            same(boards.padded(), case["reposition"])
            same(rescale(boards).padded(), case["rescale"])
        elif op == "illegal moves change nothing":
            moved = shift(floats(case["input"]), picked(case["coords"], 4), torch.tensor(case["axis"]))
            same(moved.padded(), case["output"])
        elif op.startswith("ended game"):
            for moving, name in ((shift, "ignore_ended_games"), (forced, "forced")):
                same(moving(floats(case["input"]), picked([[0, 1]], 4), torch.tensor([1])).padded(), case[name])
        elif op == "duplicates":
            same(newton_polytope(floats(case["input"])).padded(), case["output"])
        elif op.startswith("two copies"):
            points = torch.randint(1, 9, (1, 20, 3), generator=torch.Generator().manual_seed(1))
            points[0, case["origin_positions"]] = 0
            assert newton_polytope(Boards.of(points)).alive[:, 0].nonzero().flatten().tolist() == case["kept"]
        elif op.startswith("rescale of a game"):
            assert rescale(floats(case["input"])).padded().isfinite().all()
        elif op.startswith("shift [2,3]"):
            same(shift(floats(case["input"]), picked([[2, 3]], 4), torch.tensor([2])).padded(), case["output"])
        elif op == "pareto as a set":
            assert living(newton_polytope(floats(case["input"]))) == set(map(tuple, case["output_set"]))
        elif op == "reposition":
            same(reposition(floats(case["input"])).padded(), case["output"])
        elif op.startswith("rescale by"):
            same(rescale(floats(case["input"])).padded(), case["output"])
        elif op.startswith("value threshold"):
            boards = Boards.of(torch.tensor(case["input"], dtype=torch.float64))
            assert exceeds(boards, 1e8) == [False]
            assert exceeds(forced(boards, picked([[0, 1]], 3), torch.tensor([0])), 1e8) == [True]
        elif op.startswith("polytope=hull"):
            boards = floats(case["input"])
            if "shift" in op:
                boards = shift(boards, picked([[0, 1]], 4), torch.tensor([0]))
            wanted = floats([case["output_set"]])
            assert living(newton_polytope(boards, "hull")) == living(wanted)
        elif op == "zeillinger":
            code = zeillinger(floats([case["input"]]), torch.zeros(1))
            assert mask_of(code, 3)[:, 0].nonzero().flatten().tolist() == case["coords"]
        elif op.startswith("characteristic"):
            assert [int(n) for n in characteristic(torch.tensor([5, 0, -3]))] == case["output"]
        elif op.startswith("host codes"):
            for coordinates, code in case["pairs"]:
                assert code_of(picked([coordinates], 3).T).tolist() == [code]
        elif op.startswith("all-coordinates host"):
            assert all_coordinates(floats([[[1, 2, 3]]]), torch.zeros(1)).tolist() == [case["output"].index(1)]
        elif op.startswith(("choose first on", "choose last on")):
            chooser = choose_first if "first" in op else choose_last
            chosen = masks([[1, 1, 0]])
            assert chooser(floats([[[1, 2, 3]]]), chosen, torch.zeros(1)).tolist() == [case["output"].index(1)]
        elif op.startswith("coordinate lists"):
            same(picked(case["input"], 4).T, case["output"])
        elif op.startswith("longest game"):
            assert longest(newton_polytope(Boards.of(torch.tensor([case["input"]])))) == case["output"]
        else:
            done.discard(op)
            pytest.fail(f"nothing here does {op!r}")
    assert done


def longest(boards: Boards) -> int:
    """Moves of the longest game that any agent can force against Zeillinger."""
    if bool(boards.ended[0]):
        return 0
    chosen = mask_of(zeillinger_as_given(boards), boards.dimension)  # equal pairs go by the order of the points
    answers = chosen[:, 0].nonzero().flatten().tolist()
    return 1 + max(longest(newton_polytope(shift(boards, chosen, torch.tensor([axis])))) for axis in answers)


# ---------------------------------------------------------------------------------------------------------------------
# Players


def test_agent_mask(cases: Cases) -> None:
    """Illegal coordinates are never chosen."""
    for case in cases("agent_mask"):
        values, coords = torch.tensor(case["logits"]), torch.tensor(case["coords"])
        masked = legal(values, coords)
        assert masked.argmax(dim=1).tolist() == case["chosen"]
        assert masked.min().item() == case["illegal_logit_becomes"] or bool(coords.all())
        boards = Boards(torch.zeros(case["dimension"], 1, len(coords)))
        assert choose_first(boards, coords.bool().T, torch.zeros(len(coords))).tolist() == case["choose_first"]
        assert choose_last(boards, coords.bool().T, torch.zeros(len(coords))).tolist() == case["choose_last"]


def test_zeillinger(cases: Cases) -> None:
    """On the points in the given order the same pair; in our own order one of the acceptable answers."""
    for case in cases("zeillinger"):
        for number in (torch.float32, torch.int64):
            boards = Boards.of(torch.tensor([case["points_in_order"]]).to(number))
            given, ours = (
                mask_of(code, case["dimension"])[:, 0] for code in (zeillinger_as_given(boards), zeillinger(boards, torch.zeros(1)))
            )
            assert given.nonzero().flatten().tolist() == sorted(case["coords"])
            assert ours.nonzero().flatten().tolist() in [sorted(pair) for pair in case["acceptable"]]


def test_exploration(cases: Cases) -> None:
    """Frequencies under epsilon; an agent explores among the legal coordinates."""
    for case in cases("exploration"):
        samples = 40_000
        boards = Boards(torch.zeros(case["dimension"], 1, samples))
        chance = torch.rand(2, samples, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        chosen = masks([case["coords"]]).expand(-1, samples)
        greedy = torch.full((samples,), case["host_greedy"]), torch.full((samples,), case["agent_greedy"])
        host = explored(greedy[0], partial(random_host, boards), case["exploration"], chance[0])
        agent = explored(greedy[1], partial(random_agent, boards, chosen), case["exploration"], chance[1])
        frequencies = torch.bincount(host, minlength=actions(case["dimension"])).double() / samples
        for code, share in enumerate(frequencies.tolist()):
            wanted = case["exploration"] / len(frequencies) + (code == case["host_greedy"]) * (1 - case["exploration"])
            assert abs(share - wanted) <= 4 * sqrt(wanted * (1 - wanted) / samples)
        frequencies = torch.bincount(agent, minlength=case["dimension"]).double() / samples
        for share, wanted in zip(frequencies.tolist(), case["agent_expected_legal"], strict=True):
            assert abs(share - wanted) <= 4 * sqrt(wanted * (1 - wanted) / samples)


RHO_NAMES = {
    "random (uniform over subsets)": "random",
    "random (two coordinates)": "random_pairs",
    "all coordinates": "all",
    "choose first": "first",
    "choose last": "last",
}


def rho_agrees(case: dict[str, Any], games: int, within: float, seed: int = 11) -> None:
    """Our rho, on our own starts, is within so many standard errors of the difference of the reference."""
    stream = torch.Generator().manual_seed(seed)
    starts = begun(Boards.random(games, case["points"], case["dimension"], case["max_value"], stream))
    starts = starts.only(~starts.ended)
    host, agent = (RHO_NAMES.get(case[side], case[side]) for side in ("host", "agent"))
    found = play(HOSTS[host].move, AGENTS[agent].move, starts, case["cap"], chances(case["cap"], len(starts), stream)).rho()
    error = sqrt(found.standard_error**2 + case["se"] ** 2) or 1 / (games * case["cap"])
    assert abs(found.value - case["rho"]) <= within * error, (case, found)


def test_rho_of_few_games(cases: Cases) -> None:
    """One pair of each size, in a few hundred games."""
    seen = set()
    for case in cases("rho"):
        size = case["dimension"], case["points"]
        if size not in seen and case["host"] != "all coordinates" and case["agent"] == "random":
            seen.add(size)
            rho_agrees(case, 300, 4)


@pytest.mark.slow
def test_rho_tables(cases: Cases, count: Callable[[int, int], int]) -> None:
    """All pairs. With --long in 4,000 games, and within two standard errors as often as chance lets them be."""
    games = count(200, 4000)
    outside = 0
    for seed, case in enumerate(cases("rho")):  # starts of their own: pairs on the same starts would err together
        try:
            rho_agrees(case, games, 2, seed)
        except AssertionError:
            outside += 1
            rho_agrees(case, games, 4, seed)
    assert outside <= 0.15 * len(cases("rho"))


# ---------------------------------------------------------------------------------------------------------------------
# Learning


def test_rewards(read: Callable[[str], Any]) -> None:
    case = read("rewards")
    over = torch.tensor(case["next_done"])
    points = torch.zeros(len(over), 1, 3)
    for name, role, wanted in (("ending", "host", "host"), ("ending", "agent", "agent_penalty"), ("stall", "agent", "agent_stall")):
        same(REWARDS[name].rule(role, points, points, over), case[wanted])


def test_schedules(cases: Cases) -> None:
    for case in cases("schedules"):
        mode = "inverse" if case["mode"] == "inverse" else case["mode"].partition(" ")[0]
        final = case.get("value", 0.0)  # the one value of a constant schedule is also where it begins
        decay = DecayConfig(mode=mode, rate=case.get("rate", 1.0), final=final)
        values = [decay.value(case.get("initial", final), t) for t in case["t"]]
        same(torch.tensor(values, dtype=torch.float64), case["output"])


def test_replay(cases: Cases) -> None:
    """Positions and contents of the ring; sampling takes filled slots only."""
    for case in cases("replay"):
        ring = Replay(case["capacity"], {"id": ((), torch.float32), "action": ((), torch.int32), "done": ((), torch.bool)})
        for step in case["adds"]:
            ids = torch.tensor(step["added_ids"])
            ring.add({"id": ids, "action": ids.long() % 3, "done": ids.long() % 2 == 1})
            assert (ring.position, ring.full) == (step["pos"], step["full"])
            same(ring.columns["id"], step["ids_by_slot"])
            assert ring.columns["action"].tolist() == step["actions"]
            assert ring.columns["done"].tolist() == step["dones"]
            drawn = ring.sample(200, torch.Generator().manual_seed(0))["id"]
            assert set(drawn.tolist()) <= set(step["ids_by_slot"][: len(ring)])


def test_nets(cases: Cases) -> None:
    """Layer lists: written out, parameters, and outputs with given weights, with and without a ReLU on the raw features."""
    for case in cases("nets"):
        assert written_out(case["net_arch"]) == case["expanded"]
        read = torch.tensor(case["input"])
        for relu_first, output in ((True, "output_source"), (False, "output_without_first_relu")):
            net = LayerNet("host", read.shape[2], read.shape[1], case["net_arch"], relu_first=relu_first)
            load(net, case["state"])
            assert sum(p.numel() for p in net.parameters()) == case["parameters"]
            same(net.eval()(read).detach(), case[output])


def load(net: LayerNet, state: dict[str, Any]) -> None:
    net.layers.load_state_dict({name: torch.tensor(value) for name, value in state.items()})


def test_dqn(cases: Cases) -> None:
    """Targets, Huber loss, gradient norm, one clipped step of Adam, and the target network after it follows."""
    for case in cases("dqn"):
        role, dimension = case["role"], case["dimension"]
        nets = [LayerNet(role, dimension, case["points"], case["net_arch"], relu_first=True).eval() for _ in range(2)]
        online, target = nets
        load(online, case["state"])
        load(target, case["target_state"])
        before, later = torch.tensor(case["observations"]), torch.tensor(case["next_observations"])
        chosen, chosen_later = (None if case[name] is None else torch.tensor(case[name]) for name in ("coords", "next_coords"))
        values = online(before, chosen)
        with torch.no_grad():
            slow, fast = target(later, chosen_later), online(later, chosen_later)
        same(values.detach(), case["q"])
        same(slow, case["q_target_next"])
        same(fast, case["q_online_next"])
        rewards, over = torch.tensor(case["rewards"]), torch.tensor(case["dones"])
        kinds = {"source": {}, "masked": {"chosen": chosen_later}, "double_masked": {"chosen": chosen_later, "online": fast}}
        for name, told in kinds.items():
            goal = td_targets(rewards, over, slow, case["gamma"], **told)
            same(goal, case[f"target_{name}"])
        moves = torch.tensor(case["actions"])
        loss = torch.nn.functional.smooth_l1_loss(values.gather(1, moves[:, None])[:, 0], goal)
        same(loss.detach(), case["loss_double_masked"])
        adam = torch.optim.Adam(online.parameters(), lr=0.01)
        loss.backward()
        same(torch.nn.utils.clip_grad_norm_(online.parameters(), 0.05), case["grad_norm_double_masked"])
        adam.step()
        state = online.layers.state_dict()
        for name, value in case["after_one_adam_step_lr_0.01_clip_0.05"].items():
            same(state[name], value)
        load(online, case["state"])
        follow(target, online, 0.9)
        state = target.layers.state_dict()
        for name, value in case["target_after_tau_0.9"].items():
            same(state[name], value)
