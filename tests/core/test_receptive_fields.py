"""Receptive fields, against brute force and the textbook's formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from predictor_inspector.core import UNet, receptive_field
from predictor_inspector.core.receptive_fields import MOST_VALUES, AxisField, UnknownFieldError


def tried(module: nn.Module, shape: tuple[int, ...], steps: list[tuple[int, int]]) -> list[AxisField]:
    """The field of every output voxel: which planes of the input change it. Of `effective` nothing is known."""
    torch.manual_seed(0)
    module = module.double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.rand_like(parameter) / parameter[:1].numel())
        raw = torch.rand(1, 1, *shape, dtype=torch.float64)
        before = module(raw)
        fields = []
        for axis, (step, period) in enumerate(steps):
            rows = []
            for plane in range(shape[axis]):
                changed = raw.clone()
                changed.select(axis + 2, plane).add_(1e9)  # higher than all others: maxima change, too
                differs = (module(changed) != before).movedim(axis + 2, 0).flatten(1).any(1)
                rows.append(differs)
            depends = torch.stack(rows).numpy()
            n = depends.shape[1]
            first, last = depends.argmax(0), shape[axis] - depends[::-1].argmax(0)
            centre = shape[axis] / 2 + (np.arange(n) + 0.5 - n / 2) * step / period
            low, high, sizes = centre - first, last - centre, last - first
            c = n // 2
            fields.append(AxisField(sizes.min(), sizes.max(), low.min(), high.min(), (low[c], high[c]), 0))
    return fields


def same_but_effective(found: tuple[AxisField, ...], expected: list[AxisField]) -> bool:
    return all(
        (f.smallest, f.largest, f.before, f.after, f.central) == (e.smallest, e.largest, e.before, e.after, e.central)
        for f, e in zip(found, expected, strict=True)
    )


def unet(shape: tuple[int, ...], factors: list[int | tuple[int, ...]], **options: object) -> Callable[[], nn.Module]:
    return lambda: UNet(shape, 1, 1, 1, 1, factors, **options)  # type: ignore[arg-type]


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 5)

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.a(raw)[:, :, 1:-1, 1:-1] * 2, self.b(raw)], 1)


class Pyramid(nn.Module):
    """Pooled, and interpolated to where it came from."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 2, 3), nn.Conv2d(4, 1, (1, 3))

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        fine = torch.relu(self.a(raw))
        coarse = nn.functional.avg_pool2d(fine, (2, 4))
        coarse = nn.functional.interpolate(coarse, size=fine.shape[2:], mode="nearest")
        return self.b(torch.cat([fine, coarse], 1))


CASES = {
    "convolutions": (
        lambda: nn.Sequential(nn.Conv2d(1, 3, (3, 5)), nn.Conv2d(3, 1, 3, dilation=2)),
        (20, 22),
        [(1, 1)] * 2,
    ),
    "strides": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.Conv2d(2, 1, 3)), (21, 23), [(2, 1)] * 2),
    "transposed": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ConvTranspose2d(2, 1, 2, stride=2), nn.Conv2d(1, 1, 3)),
        (12, 14),
        [(1, 2)] * 2,
    ),
    "skips": (Residual, (16, 18), [(1, 1)] * 2),
    "interpolation": (Pyramid, (22, 22), [(2, 2), (4, 4)]),
    "2-D U-Net": (unet((44, 44), [2, 2]), (44, 44), [(4, 4)] * 2),
    "odd U-Net": (unet((46, 62), [(3, 2)]), (46, 62), [(3, 3), (2, 2)]),
    "3-D U-Net": (unet((16, 20, 18), [(1, 2, 2)]), (16, 20, 18), [(1, 1), (2, 2), (2, 2)]),
    "upsampling U-Net": (unet((24, 22, 22), [2], upsample_factors=[(1, 2, 2)]), (24, 22, 22), [(2, 2), (2, 4), (2, 4)]),
    "learnt upsampling": (unet((44, 44), [2, 2], constant_upsample=False, batch_norm=True), (44, 44), [(4, 4)] * 2),
}


@pytest.mark.parametrize("case", CASES)
def test_the_field_is_what_changes_an_output_voxel(case: str) -> None:
    make, shape, steps = CASES[case]
    found = receptive_field(make(), shape, 1, steps)
    assert same_but_effective(found, tried(make(), shape, steps)), (found, tried(make(), shape, steps))


@pytest.mark.parametrize("dims", [2, 3])
def test_of_convolutions_it_is_the_textbooks_sum(dims: int) -> None:
    convolution = {2: nn.Conv2d, 3: nn.Conv3d}[dims]
    layers = [(3, 1, 1), (5, 2, 1), (3, 1, 4), (3, 2, 1), (1, 1, 1)]  # kernel, stride, dilation
    module = nn.Sequential(*(convolution(1, 1, k, stride=s, dilation=d) for k, s, d in layers))
    expected, jump = 1, 1
    for kernel, stride, dilation in layers:
        expected += (kernel - 1) * dilation * jump
        jump *= stride
    (first, *_) = receptive_field(module, (65,) * dims, 1, [(jump, 1)] * dims)
    assert (first.smallest, first.largest) == (expected, expected)


def test_values_of_weights_do_not_matter() -> None:
    module = nn.Conv2d(1, 1, 5)
    nn.init.zeros_(module.weight)
    assert receptive_field(module, (9, 9), 1, [(1, 1)] * 2)[0].largest == 5


def test_output_voxels_that_see_padding_do_not_count() -> None:
    valid = nn.Sequential(*(nn.Conv2d(1, 1, 3) for _ in range(6)))
    padded = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding="same") for _ in range(6)))
    mirrored = nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect") for _ in range(6)))
    expected = receptive_field(valid, (20, 20), 1, [(1, 1)] * 2)
    for module in (padded, mirrored):
        # In an input of 8 voxels each output voxel sees padding.
        found = receptive_field(module, (8, 8), 1, [(1, 1)] * 2)
        assert [field.padded for field in found] == [(6, 6)] * 2
        assert tuple(replace(field, padded=(0, 0)) for field in found) == expected


def test_half_of_the_gradient_lies_within_the_effective_field() -> None:
    (first, _) = receptive_field(nn.Conv2d(1, 1, 101), (101, 101), 1, [(1, 1)] * 2)
    assert first.effective == pytest.approx(101 / 2, abs=1)
    (first, _) = receptive_field(nn.Sequential(*(nn.Conv2d(1, 1, 3) for _ in range(50))), (101, 101), 1, [(1, 1)] * 2)
    assert first.largest == 101
    assert first.effective == pytest.approx(2 * 0.6745 * (50 * 2 / 3) ** 0.5, abs=2)  # a Gaussian by now


class Rolled(nn.Module):
    """Does what no rule is known for."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(1, 1, 3)

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        return nn.functional.max_pool2d(self.a(self.a(raw).cumsum(2).diff(dim=2)), 1)


class NeedsValues(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(1, 1, 3)

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        return self.a(raw / float(raw.detach().max()))


@pytest.mark.parametrize("module", [NeedsValues(), Rolled()])
def test_what_is_not_known_is_tried(module: nn.Module) -> None:
    assert receptive_field(module, (12, 12), 1, [(1, 1)] * 2)[1].largest in (3, 5)


def test_what_is_not_known_and_too_large_to_be_tried_is_an_error_that_names_it() -> None:
    side = int(MOST_VALUES**0.5) + 1
    with pytest.raises(UnknownFieldError, match=r"cumsum.*choose a smaller input_shape"):
        receptive_field(Rolled(), (side, side), 1, [(1, 1)] * 2)


def test_a_network_that_always_sees_padding_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predictor_inspector.core.receptive_fields.LARGEST", 32)
    with pytest.raises(UnknownFieldError, match=r"axis 0.*padding"):
        receptive_field(nn.Conv2d(1, 1, 41, padding=20), (8, 8), 1, [(1, 1)] * 2)
