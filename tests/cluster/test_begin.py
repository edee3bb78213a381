"""How the ranks begin one run, told without any process: a gang whose other rank says what the test makes it say."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch.distributed")
from rolltrain_tui.cluster import muster
from rolltrain_tui.cluster.gang import Gang, RanksError
from rolltrain_tui.cluster.runs import Beginning, Follower, agreed_order, opened
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline
from rolltrain_tui.protocol.events import GhostPoint
from rolltrain_tui.training.machine.machine_kind import this_machine

Configure = Callable[..., CampaignConfig]


class OneOfTwo(Gang):
    """The other rank says what this one does, but for one fact; and the first one has a ghost."""

    def __init__(self, rank: int = 0, *, fact: str = "", ghost: baseline.Ghost | None = None) -> None:
        self.rank, self.size, self.shards, self.alike = rank, 2, False, False
        self.fact, self.ghost = fact, ghost

    def hear_all(self, data: bytes) -> list[bytes]:
        told = json.loads(data)
        if self.fact:
            facts = told[1] if isinstance(told, list) else told
            assert self.fact in facts
            facts[self.fact] = '"another"'
        return [data, json.dumps(told).encode()]

    def tell(self, data: bytes, length: int | None = None) -> bytes:
        return json.dumps(None if self.ghost is None else baseline.text_of(self.ghost)).encode()


def beginning(config: CampaignConfig, runs: Path) -> Beginning:
    return Beginning(config=config, base=Path(), runs=runs)


@pytest.mark.parametrize("fact", ["torch", "Python", "rolltrain", "--shard-weights", "--resume", "batch.sequences"])
def test_ranks_agree_on_program_command_line_and_campaign(fact: str, tiny_config: Configure, tmp_path: Path) -> None:
    """One that differs in any of them would train other weights, so nothing begins."""
    with pytest.raises(RanksError, match=f'rank 1 has {fact} "another"'):
        agreed_order(OneOfTwo(fact=fact), lambda: beginning(tiny_config(), tmp_path))


def test_every_rank_compares_with_the_ghost_that_the_first_has_found(tiny_config: Configure, tmp_path: Path) -> None:
    """Its own folder may hold another one, or none."""
    config = tiny_config()
    points = (GhostPoint(0, 4.0, 4.0, 0.1), GhostPoint(4, 3.0, 3.5, 0.1))
    ghost = baseline.Ghost(config.name, config.seed, "2.10", "cpu", "float32", baseline.recipe_of(config, ""), points)
    for known in (ghost, None):
        run = opened(OneOfTwo(1, ghost=known), beginning(config, tmp_path))
        assert isinstance(run, Follower)
        assert run.campaign.ghost == known


@pytest.mark.parametrize(("fact", "alike"), [("", True), ("system", False)])
def test_machines_are_alike_where_they_say_the_same(fact: str, alike: bool) -> None:
    """Else the first one's measurements are everybody's."""
    gang = OneOfTwo(fact=fact)
    muster.know_machines(gang, this_machine(threads=1))
    assert gang.alike == alike
