"""Models in a process of their own, which may fail in any way; and what is wrong with a model, in a sentence."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from predictor_inspector.core import AffinitiesPredictor, Array, DummyPredictor, UNetConfig
from predictor_inspector.inspection import Request, Source
from predictor_inspector.inspection.models import (
    ModelError,
    TrainedModel,
    chosen_model,
    model_from_config,
    model_to_config,
)
from predictor_inspector.inspection.models.facts import facts_of
from predictor_inspector.inspection.models.plan import check_channels

MODULES = str(Path(__file__).with_name("modules.py"))
AFFINITIES = AffinitiesPredictor([[1, 0], [0, 1]], lsds=False)
NETWORK = UNetConfig(input_shape=(20, 20), fmaps_out=2, num_fmaps=2, fmap_inc_factor=2, downsample_factors=(2,))


class CancelledError(Exception):
    """As whoever waits for a prediction raises it."""


def of_mood(mood: int) -> Array:
    return Array(np.full((100, 80), mood, np.uint8), (4, 4))


def test_a_model_may_run_out_of_memory_raise_crash_and_hang(capfd: pytest.CaptureFixture[str]) -> None:
    def cancel_when_it_hangs(step: str, _fraction: float) -> None:
        if step == "predict":
            calls.append(step)
            if len(calls) > 3:
                raise CancelledError

    calls: list[str] = []
    with TrainedModel(chosen_model(f"{MODULES}:Moody", ["raw_as=unchanged"]), device="cpu") as model:
        request = Request(DummyPredictor(1), Source(of_mood(0), raw=of_mood(0)))
        found = model.predict(request)
        assert (found.array.numpy() == 1).all()
        assert (found.array.shape, found.array.roi, found.logits) == ((1, 100, 80), of_mood(0).roi, False)
        with pytest.raises(
            ModelError, match=r"modules.py:Moody: KeyError: 'weights' \(modules.py, line \d+, in forward\)"
        ):
            model.predict_on(of_mood(3), of_mood(3))
        assert (model.predict_on(of_mood(5), of_mood(5)).array.numpy() == 6).all()
        with pytest.raises(ModelError, match="Moody ended with exit status 7; it last printed: about to end"):
            model.predict_on(of_mood(1), of_mood(1))
        with pytest.raises(CancelledError):
            model.predict_on(of_mood(2), of_mood(2), progress=cancel_when_it_hangs)
        with pytest.raises(ValueError, match="a model needs raw data"):
            model.predict(Request(DummyPredictor(1), Source(of_mood(0))))
    with pytest.raises(ModelError, match="Moody was stopped"):
        model.predict(request)
    assert capfd.readouterr() == ("", "")


def test_a_model_that_gives_nothing_in_time_is_ended() -> None:
    with (
        TrainedModel(chosen_model(f"{MODULES}:doubles"), timeout=0.2) as model,
        pytest.raises(ModelError, match=r"doubles gave nothing within 200 ms and was ended; it waits for something"),
    ):
        model.predict_on(of_mood(0), of_mood(0))


def facts(config: Any, channels: int = 1, dims: int = 2) -> Any:
    return facts_of(config.load(None), channels, (Fraction(1),) * dims, config.input_shape)


def test_what_a_model_does_not_take_is_told() -> None:
    with pytest.raises(
        ValueError, match="doubles predicts 1 channel, but the target has 2; choose the predictor that it was"
    ):
        check_channels("doubles", facts(chosen_model(f"{MODULES}:doubles")), AFFINITIES)
    convolution = chosen_model(f"{MODULES}:convolution", ["input_shape=[8,8,8]"])
    with pytest.raises(
        ValueError, match=r"it can't take 3 × 8 × 8 × 8 \(channels, voxels\): RuntimeError: .* channels"
    ):
        facts(convolution, channels=3, dims=3)
    with pytest.raises(ValueError, match="its input_shape must have 2 axes, got 8 × 8 × 8"):
        facts(convolution)
    with pytest.raises(
        ValueError,
        match="takes no input that was tried, of 1 channel and 1 axis; if it should, give its input_shape; of the last: Run",
    ):
        facts(chosen_model(f"{MODULES}:convolution"), dims=1)
    with pytest.raises(ValueError, match=r"it must give \[B, C, …\] with 2 spatial axes, got tuple for 16 × 16 voxels"):
        facts(chosen_model(f"{MODULES}:pair"))


def weights() -> dict[str, torch.Tensor]:
    model = AFFINITIES.create_model(NETWORK.build().to_empty(device="cpu"))
    for parameter in model.parameters():
        torch.nn.init.ones_(parameter)
    return model.state_dict()


class Weights:
    """As DaCapo keeps them."""

    def __init__(self, model: Any, optimizer: Any) -> None:
        self.model, self.optimizer = model, optimizer


@pytest.mark.parametrize("kept_as", ["alone", "DaCapo", "Lightning", "DataParallel"])
def test_checkpoints_are_loaded_however_they_were_kept(
    kept_as: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = weights()
    for name in ("dacapo", "dacapo.store", "dacapo.store.weights_store"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["dacapo.store.weights_store"], "Weights", Weights, raising=False)
    monkeypatch.setattr(Weights, "__module__", "dacapo.store.weights_store")
    kept: dict[str, Any] = {
        "alone": state,
        "DaCapo": Weights(state, {"state": {}}),
        "Lightning": {"state_dict": {f"model.{name}": v for name, v in state.items()}, "epoch": 3},
        "DataParallel": {f"module.{name}": v for name, v in state.items()},
    }
    torch.save(kept[kept_as], tmp_path / "1000")
    monkeypatch.undo()
    model = chosen_model(str(tmp_path / "1000"), network=NETWORK).load(AFFINITIES)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, state[name])


def test_weights_of_another_network_are_told(tmp_path: Path) -> None:
    def refused(kept: Any, said: str, **changes: Any) -> None:
        torch.save(kept, tmp_path / "w")
        config = chosen_model(str(tmp_path / "w"), network=changes.pop("network", NETWORK))
        with pytest.raises(ValueError, match=said):
            config.load(changes.pop("predictor", AFFINITIES))

    state = weights()
    deeper = UNetConfig(input_shape=(52, 52), fmaps_out=2, num_fmaps=2, fmap_inc_factor=2, downsample_factors=(2, 2))
    refused(
        state,
        r"w holds the weights of another network: it lacks architecture.unet.l_conv.2.\S+, .* and \d+ more; compare levels",
        network=deeper,
    )
    wider = UNetConfig(input_shape=(20, 20), fmaps_out=2, num_fmaps=4, fmap_inc_factor=2, downsample_factors=(2,))
    refused(state, r"l_conv\.0\.\S+ is 2 × 1 × 3 × 3, but here 4 × 1 × 3 × 3; compare feature maps", network=wider)
    more = AffinitiesPredictor([[1, 0], [0, 1], [0, 3]], lsds=False)
    refused(
        state,
        r"prediction_head.weight is 2 × 2 × 1 × 1, but here 3 × 2 × 1 × 1; the predictor has",
        predictor=more,
    )
    refused(state, "w needs the predictor whose head is on the network; give it with --config", predictor=None)
    refused(state, "w holds weights only; give the network whose they are, --network", network=None)
    refused(
        [1, 2], "w holds no state dict, neither alone nor as 'model_state_dict', 'state_dict' and 'model': it is list"
    )
    refused(
        torch.nn.Conv2d(1, 1, 3),
        r"w holds more than weights, and isn't loaded, as that would run its code; save model.st",
    )


def test_models_are_chosen_by_what_they_are(tmp_path: Path) -> None:
    Path(tmp_path, "notes.txt").write_text("nothing of a model")
    with pytest.raises(
        ValueError, match=r"notes.txt is neither TorchScript, nor a program of torch.export, nor a checkpoint"
    ):
        chosen_model(str(tmp_path / "notes.txt"))
    with pytest.raises(FileNotFoundError, match=r"there is no file model.pt; a model is a file or an import path"):
        chosen_model("model.pt")
    torch.save(weights(), tmp_path / "w.pt", _use_new_zipfile_serialization=False)
    assert not chosen_model(str(tmp_path / "w.pt")).runs_code
    config = {"kind": "module", "path": "nets:make", "raw_as": "-1..1", "input_shape": [8, 8], "logits": True}
    Path(tmp_path, "model.yaml").write_text(str(config))
    model = chosen_model(str(tmp_path / "model.yaml"), ["beyond=reflect", "scale=0.5"])
    assert (model.gives_logits, model.input_shape) == (True, (8, 8))
    assert model_from_config(model_to_config(model)) == model
    with pytest.raises(ValueError, match="module has no parameter 'logit'; did you mean 'logits'"):
        chosen_model("nets:make", ["logit=true"])


@pytest.mark.parametrize(
    ("raw", "raw_as", "wanted"),
    [
        (np.array([0, 255], np.uint8), "0..1", [0, 1]),
        (np.array([0, 65535], np.uint16), "-1..1", [-1, 1]),
        (np.array([-32768, 32767], np.int16), "0..1", [0, 1]),
        (np.array([0.25, 1], np.float64), "-1..1", [-0.5, 1]),
        (np.array([False, True]), "0..1", [0, 1]),
        (np.array([3, 200], np.uint8), "unchanged", [3, 200]),
    ],
)
def test_raw_data_are_scaled_by_their_type(raw: np.ndarray, raw_as: str, wanted: list[float]) -> None:
    config = chosen_model("nets:make", [f"raw_as={raw_as}"])
    np.testing.assert_allclose(config.prepared(raw).numpy(), wanted, atol=1e-6)
    shifted = chosen_model("nets:make", [f"raw_as={raw_as}", "scale=2", "shift=-1"])
    np.testing.assert_allclose(shifted.prepared(raw).numpy(), np.multiply(wanted, 2) - 1, atol=1e-6)
