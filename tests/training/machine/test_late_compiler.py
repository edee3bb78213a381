"""PyTorch's compiler is loaded when it is asked for, and works as ever then."""

import json
import sys

import pytest
from support import warm

pytestmark = pytest.mark.slow

ASKED = """
import json, sys
import torch
from rolltrain_tui.training.machine.late_compiler import NAME, LateCompiler, load_compiler_late

{before}
load_compiler_late()
late = isinstance(sys.modules[NAME], LateCompiler)
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, fused=True)


def step():
    optimizer.zero_grad()
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())


step()
untouched = "sympy" not in sys.modules
double = torch.compile(lambda x: 2 * x, backend="eager")(torch.ones(2)).tolist()
real = not isinstance(sys.modules[NAME], LateCompiler) and torch._dynamo is sys.modules[NAME]
step()
from torch._dynamo.utils import counters

print(json.dumps([late, untouched, double, real, counters["stats"]["unique_graphs"], optimizer.state[model.weight]["step"].item()]))
"""


def asked(before: str = "") -> list[object]:
    done = warm.run([sys.executable, "-c", ASKED.format(before=before)], capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def test_an_optimiser_does_without_it_and_torch_compile_loads_it() -> None:
    """Steps before and after count on; a function that is compiled is compiled by the real one."""
    assert [True, True, [2.0, 2.0], True, 1, 2.0] == asked()


def test_one_that_is_loaded_already_stays() -> None:
    """A program that compiles keeps its own."""
    assert [False, False, [2.0, 2.0], True, 1, 2.0] == asked("import torch._dynamo")


LOOKED_AT = """
import inspect, sys
import torch
assert "torch.distributed.tensor" not in sys.modules
from rolltrain_tui.training.machine.late_compiler import NAME, LateCompiler, load_compiler_late

load_compiler_late()
inspect.getmodule(sys._getframe())  # as torch.library does: it asks all modules for their files
assert isinstance(sys.modules[NAME], LateCompiler)
import torch.distributed.tensor  # which looks so while half of it is loaded
assert torch.compile(lambda x: 2 * x, backend="eager")(torch.ones(1)).item() == 2
"""


def test_a_look_at_all_modules_leaves_it_unloaded() -> None:
    """Whoever inspects modules does not load the compiler, and modules of PyTorch's that do so on their way can be loaded afterwards."""
    done = warm.run([sys.executable, "-c", LOOKED_AT], capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
