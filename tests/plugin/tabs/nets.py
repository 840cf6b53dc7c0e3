"""Models that tests of the tab Loss run by their import path."""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch


def twice(raw: torch.Tensor) -> torch.Tensor:
    return raw.expand(-1, 2, -1, -1, -1)


def hangs(raw: torch.Tensor) -> torch.Tensor:
    while not raw.is_meta:
        Path(os.environ["PID_FILE"]).write_text(str(os.getpid()))
        time.sleep(0.1)
    return twice(raw)


def waits(raw: torch.Tensor) -> torch.Tensor:
    while not raw.is_meta and os.path.exists(os.environ["GATE"]):
        time.sleep(0.01)
    return twice(raw)


def raises(raw: torch.Tensor) -> torch.Tensor:
    if raw.is_meta:
        return twice(raw)
    raise KeyError("weights")


def three(raw: torch.Tensor) -> torch.Tensor:
    return raw.expand(-1, 3, -1, -1, -1)


def flat(raw: torch.Tensor) -> torch.Tensor:
    return raw[:, :, 0].expand(-1, 2, -1, -1)
