"""A channel's numbers against numpy."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array, DistancePredictor
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.engine.statistics import channel_sums


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.3, 1.0]))
def test_statistics_are_numpys(seed: int, share: float, masked: float) -> None:
    rng = np.random.default_rng(seed)
    target = rng.normal(size=(3, 4, 5)).astype(np.float32)
    positive = rng.random(target.shape) < share
    weight = np.where(positive, 3, 2).astype(np.float32) * (rng.random(target.shape) >= masked)
    found = channel_sums(*(torch.from_numpy(a) for a in (target, weight, positive))).statistics("abc")
    for s, t, w, p in zip(found, target, weight, positive, strict=True):
        heavy = w > 0
        assert (s.minimum, s.maximum) == (t.min(), t.max())
        assert s.mean == pytest.approx(t.mean(), abs=1e-6)
        assert s.positive == pytest.approx(p.mean())
        assert s.unweighted == pytest.approx(1 - heavy.mean(), abs=1e-6)
        assert s.counts == ((heavy & ~p).sum(), (heavy & p).sum())
        assert s.negative_weight == (2 if (heavy & ~p).any() else 0)
        assert s.positive_weight == (3 if (heavy & p).any() else 0)
        assert s.positive_share == pytest.approx(w[p].sum() / w.sum() if w.any() else 0)
        assert s.weights == pytest.approx((w[~p].sum(), w[p].sum()))
    assert [s.name for s in found] == ["a", "b", "c"]


def test_statistics_are_plain_numbers_fit_for_json() -> None:
    labels = np.zeros((5, 5), np.uint8)
    labels[2:] = 1
    result = inspect(DistancePredictor(["a"], 2.0, False), Array(labels, (1, 1)), device="cpu")
    (statistics,) = result.statistics
    plain = json.loads(json.dumps(asdict(statistics)))
    assert plain["counts"] == [10, 15]
    assert plain["name"] == "a"
    assert statistics.positive_share == pytest.approx(0.5)
    assert statistics.positive == pytest.approx(0.6)
