"""The README's Python runs as it stands there, and leaves the run that it names."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.runs.log.event_log import read

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
EXAMPLES = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8"), re.DOTALL)


class Answers(nn.Module):
    """Returns its loss where it is given labels, as the first example asks."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor, labels: torch.Tensor | None = None) -> Any:
        scores = self.net(x)
        return scores if labels is None else {"loss": nn.functional.cross_entropy(scores, labels), "logits": scores}


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_every_example_runs(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a model, an optimiser and a loader of one's own; the story has one step for each batch and epoch."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROLLTRAIN_SAVES", str(tmp_path))
    torch.manual_seed(0)
    points = TensorDataset(torch.randn(48, 8), torch.randint(0, 3, (48,)))
    loader, model = DataLoader(points, batch_size=8), Answers()
    optimizer = torch.optim.AdamW(model.parameters())
    exec(
        EXAMPLES[number],
        {
            "criterion": nn.functional.cross_entropy,
            "eval_dataloader": loader,
            "loader": loader,
            "model": model,
            "optimizer": optimizer,
            "scheduler": torch.optim.lr_scheduler.ConstantLR(optimizer),
            "train_dataloader": loader,
        },
    )
    (story,) = tmp_path.rglob("chronicle.jsonl")
    assert sum(isinstance(event, StepTaken) for event in read(story)) == len(loader) * (1 if "session(" in EXAMPLES[number] else 3)
    assert story.parent.name == "my_run" or "session(" not in EXAMPLES[number]
