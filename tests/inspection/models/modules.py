"""Models that tests run by their import path, in a process of its own."""

from __future__ import annotations

import os
import time

import torch


def doubles(raw: torch.Tensor) -> torch.Tensor:
    return 2 * raw


def pair(raw: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return raw, raw


class Moody(torch.nn.Module):
    """Crashes, hangs or raises by what it sees, and has memory for inputs of up to 4,096 voxels."""

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        mood = 0 if raw.is_meta else int(raw.max())
        if mood == 1:
            print("about to end")
            os._exit(7)
        while mood == 2:
            time.sleep(3600)
        if mood == 3:
            raise KeyError("weights")
        if not raw.is_meta and raw.numel() > 4096:
            raise MemoryError("no more memory")
        return raw + 1


def convolution() -> torch.nn.Module:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Conv3d(1, 2, 3), torch.nn.ReLU(), torch.nn.Conv3d(2, 3, (1, 3, 3)))


def normalises() -> torch.nn.Module:
    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Conv3d(1, 3, 3), torch.nn.InstanceNorm3d(3))


def upsamples() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Upsample(scale_factor=2), torch.nn.Conv2d(2, 2, 3))
