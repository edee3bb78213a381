import multiprocessing
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn

pytestmark = pytest.mark.slow


def train(rank: int, folder: str, told: Any) -> None:
    """One of two processes that average their gradients, as DistributedDataParallel does."""
    import rolltrain_tui
    from rolltrain_tui import Wizard
    from rolltrain_tui.protocol.commands import UseAbility
    from rolltrain_tui.protocol.events import AbilityUsed, StepTaken

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = nn.Linear(4, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    game = rolltrain_tui.session(model, optimizer, character_class=Wizard(), folder=Path(folder) / "run", monsters="off")
    data = torch.Generator().manual_seed(rank)
    for step in range(10):
        if step == 3 and rank == 0:  # only the first process has a player
            game.put(UseAbility("spell_mastery", "steady"))
        loss = nn.functional.cross_entropy(model(torch.randn(8, 4, generator=data)), torch.randint(2, (8,), generator=data))
        loss.backward()
        for p in model.parameters():
            assert p.grad is not None
            dist.all_reduce(p.grad, op=dist.ReduceOp.SUM)
            p.grad /= 2
        with game.turn(loss):
            optimizer.step()
        optimizer.zero_grad()
    game.close()
    steps = [(event.loss, event.k_requested, event.k_effective) for event in game.events if isinstance(event, StepTaken)]
    held = any(isinstance(event, AbilityUsed) and event.live for event in game.events)
    told.put((rank, steps, held, [p.tolist() for p in model.parameters()]))
    dist.destroy_process_group()


def test_two_processes_play_one_game(tmp_path: Path) -> None:
    """They agree on every roll, loss and weight, the first one's orders act on both, and only it keeps a chronicle."""
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    processes = [context.Process(target=train, args=(rank, str(tmp_path), told)) for rank in range(2)]
    for process in processes:
        process.start()
    answers = sorted(told.get(timeout=100) for _ in processes)
    for process in processes:
        process.join(30)
    (_, steps, held, weights), (_, other_steps, other_held, other_weights) = answers
    assert (steps, weights) == (other_steps, other_weights)
    assert held
    assert other_held
    assert len(steps) == 10
    assert (tmp_path / "run" / "chronicle.jsonl").is_file()
