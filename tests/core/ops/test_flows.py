"""Flows: how heat spreads where NumPy doesn't do it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from predictor_inspector.core.ops import flows
from tests.core.strategies import blocks


@pytest.mark.parametrize("shape", [(14, 15), (9, 8, 10)])
def test_heat_spreads_to_the_same_bits_by_torch_as_by_numpy(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, keep = torch.from_numpy(blocks(1, shape, 6, 5)), tuple(slice(2, n) for n in shape)
    by_numpy = flows.flows(labels, 30, keep)
    monkeypatch.setattr(flows, "NUMPY_DEVICES", ())
    np.testing.assert_array_equal(flows.flows(labels, 30, keep).numpy(), by_numpy.numpy())
    assert by_numpy.abs().max() > 0.9
