"""The codex page on who owns what: every example on it runs, and what it claims is so."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from support.late import Late
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import rolltrain_tui
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.story import codex

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # other people's warnings
transformers = Late("transformers")
TEXT = codex.page("integrations").text
EXAMPLES = [re.sub("(?m)^    ", "", block) for block in re.findall(r"(?m)(?:^    .*\n|^\n(?=    ))+", TEXT) if block.strip()]


class Answers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = self.net(x)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


def names(tmp_path: Path) -> dict[str, Any]:
    """What the page takes for granted."""
    from accelerate import Accelerator

    torch.manual_seed(0)
    points = TensorDataset(torch.randn(48, 8), torch.randint(0, 3, (48,)))
    model = nn.Linear(8, 3)
    optimizer = torch.optim.AdamW(model.parameters())
    args = transformers.TrainingArguments(
        output_dir=str(tmp_path / "out"), save_steps=4, max_steps=8, report_to=[], disable_tqdm=True, use_cpu=True, logging_strategy="no"
    )
    return {
        "Accelerator": lambda **how: Accelerator(cpu=True, **how),
        "RollToTrainCallback": lambda **how: rolltrain_tui.RollToTrainCallback(tell=None, **how),
        "Trainer": lambda model, *rest, **how: transformers.Trainer(Answers(), *rest, **how),
        "accuracy": 0.5,
        "args": args,
        "criterion": nn.functional.cross_entropy,
        "game": rolltrain_tui.session(model, optimizer),
        "loader": DataLoader(points, batch_size=4),
        "model": model,
        "optimizer": optimizer,
        "rolltrain_tui": rolltrain_tui,
        "rows": [{"x": x, "labels": y} for x, y in points],
        "torch": torch,
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=[re.split(r"\W", e.strip(), maxsplit=1)[0] for e in EXAMPLES])
def test_each_example_runs(example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands on the page; a turn is a step, whatever is accumulated."""
    monkeypatch.chdir(tmp_path)
    known = names(tmp_path)
    exec(example, known)
    if "accumulate" in example:
        assert known["game"].turn_number == 12 / 4
        assert sum(isinstance(event, StepTaken) for event in known["game"].events) == 3
    if "hero" in known:
        assert known["hero"].game.turn_number >= 8  # resumed at its last step, the Trainer takes one more


def test_the_page_has_its_examples() -> None:
    """Accelerate, going on, a metric, Hugging Face: none is lost to a change of form."""
    assert len(EXAMPLES) == 4


def test_a_criterion_with_parameters_of_its_own(tmp_path: Path) -> None:
    """Is refused with the way out, which works."""
    model, criterion = nn.Linear(8, 3), nn.Bilinear(3, 1, 1)
    optimizer = torch.optim.SGD([*model.parameters(), *criterion.parameters()], lr=0.1)
    with pytest.raises(ValueError, match=r"train model and criterion as one: nn\.ModuleList\(\[model, criterion\]\)"):
        rolltrain_tui.session(model, optimizer)
    both = nn.ModuleList([model, criterion])

    def step(parts: Any, batch: Any) -> torch.Tensor:
        return parts[1](parts[0](batch[0]), batch[1].unsqueeze(1).float()).square().mean()

    trainer = rolltrain_tui.RollToTrain(both, optimizer, training_step=step, num_epochs=1, runs=tmp_path)
    trainer.train([(torch.randn(4, 8), torch.randint(0, 3, (4,)))] * 5, progress=False)
    assert len(trainer.loss_history) == 5


def test_lazy_layers_are_told(tmp_path: Path) -> None:
    """Before PyTorch fails on weights without a shape."""
    model = nn.Sequential(nn.LazyLinear(4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="lazy layers, whose weights have no shape yet; run one batch through it"):
        rolltrain_tui.session(model, optimizer)


def test_a_warm_up_from_zero_has_no_step_to_scale() -> None:
    """In the first turn k felt is 0 where the dice ask for more; from the second on it is k asked."""
    torch.manual_seed(0)
    model = nn.Linear(8, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, step / 4))
    game = rolltrain_tui.session(model, optimizer, monsters="off", seed=3)
    for _ in range(6):
        optimizer.zero_grad()
        loss = model(torch.randn(4, 8)).square().mean()
        loss.backward()
        with game.turn(loss):
            optimizer.step()
        schedule.step()
    steps = [event for event in game.events if isinstance(event, StepTaken)]
    assert steps[0].k_effective in (None, 0.0)
    assert all(step.k_effective == pytest.approx(step.k_requested, abs=1e-3) for step in steps[1:] if step.k_effective is not None)
