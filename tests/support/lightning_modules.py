"""What Lightning trains in tests; this module loads it."""

from typing import Any

import lightning
import torch
from torch import Tensor, nn


class Points(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.Dropout(0.1), nn.ReLU(), nn.Linear(32, 3))

    def training_step(self, batch: Any, index: int) -> Tensor:
        return nn.functional.cross_entropy(self.net(batch[0]), batch[1])

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", nn.functional.cross_entropy(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(self.parameters(), lr=1e-2)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 5), "interval": "step"}}


class TwoMinds(Points):
    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False


class Accurate(Points):
    def validation_step(self, batch: Any, index: int) -> None:
        self.log("valid/acc", (self.net(batch[0]).argmax(1) == batch[1]).float().mean())
