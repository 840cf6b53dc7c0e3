"""Trained models: tiles predict what one run does, of every kind of model and on every grid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from funlib.geometry import Roi

from predictor_inspector.core import AffinitiesPredictor, Array, Predictor, UNet, UNetConfig, network_to_config
from predictor_inspector.inspection.models import ModelConfig, chosen_model, model_from_config, model_to_config
from predictor_inspector.inspection.models.facts import facts_of
from predictor_inspector.inspection.models.kinds import own_shape
from predictor_inspector.inspection.models.plan import PredictionPlan, check_voxels, read_beyond, voxels_apart

MODULES = str(Path(__file__).with_name("modules.py"))
AFFINITIES = AffinitiesPredictor([[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
NETWORK = UNetConfig(
    input_shape=(24, 44, 44), fmaps_out=4, num_fmaps=3, fmap_inc_factor=2, downsample_factors=((1, 2, 2), (1, 2, 2))
)
rng = np.random.default_rng(0)
RAW = Array(rng.integers(0, 256, (34, 60, 60), np.uint8), (40, 8, 8), (80, 16, 0))


def in_one_run(model: torch.nn.Module, raw: Array) -> np.ndarray:
    """What a model makes of all raw data, in 0 … 1: [C, …]."""
    values = torch.from_numpy(raw.numpy().astype(np.float32) / 255)
    values = values if raw.channel_dims else values[None]
    with torch.no_grad():
        return model(values[None])[0].numpy()


def predicted(
    config: ModelConfig,
    raw: Array,
    grid: Array,
    roi: Roi | None = None,
    voxels: float = 2**25,
    predictor: Predictor | None = None,
) -> tuple[Array, PredictionPlan]:
    """A prediction in tiles of at most so many voxels, as `TrainedModel` makes it, but in this process."""
    model = config.load(predictor)
    channels = raw.shape[0] if raw.channel_dims else 1
    facts = facts_of(model, channels, voxels_apart(raw, grid), config.input_shape or own_shape(model))
    check_voxels(config.path, facts, raw, grid)
    plan = PredictionPlan(facts, raw, grid, grid.roi if roi is None else roi, config.beyond)
    whole = plan.whole.like(np.full(plan.whole.shape, np.nan, np.float32), plan.whole.axis_names)
    for tile in plan.tiles(plan.input_size(2.0**40, voxels)):
        with torch.no_grad():
            part = plan.part(tile, model(config.prepared(plan.read(tile))[None])[0].numpy())
        whole.data[(slice(None), *whole.to_slices(part.roi))] = part.numpy()
    assert not np.isnan(whole.data).any()
    return whole, plan


def middle(prediction: Array, shape: Sequence[int]) -> np.ndarray:
    """The part of a prediction in its middle."""
    slices = [slice((n - s) // 2, (n - s) // 2 + s) for n, s in zip(prediction.spatial_shape, shape, strict=True)]
    return prediction.numpy()[(slice(None), *slices)]


@pytest.fixture
def checkpoint(tmp_path: Path) -> tuple[ModelConfig, torch.nn.Module]:
    """A U-Net of DaCapo's with the head of affinities, as a training has saved it."""
    torch.manual_seed(0)
    values = network_to_config(NETWORK)
    for name in ("kind", "batch_size", "mixed_precision"):
        del values[name]
    model = AFFINITIES.create_model(UNet(**values)).eval()
    state = model.state_dict()
    twice = {**state, **{name.replace("architecture", "chain.0"): value for name, value in state.items()}}
    torch.save({"model_state_dict": twice, "iteration": 100}, tmp_path / "100")
    model.eval_activation = None
    return chosen_model(str(tmp_path / "100"), network=NETWORK), model


def scripted(module: torch.nn.Module, path: Path, example: torch.Tensor | None = None) -> Path:
    """The module as TorchScript, traced where there is an example."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer torch prefers torch.export
        program = torch.jit.script(module.eval()) if example is None else torch.jit.trace(module.eval(), example)
        program.save(path)
    return path


def chosen(path: Path, *values: str) -> ModelConfig:
    return chosen_model(str(path), values)


def test_tiles_of_a_checkpoint_predict_what_one_run_does(checkpoint: tuple[ModelConfig, torch.nn.Module]) -> None:
    config, model = checkpoint
    assert config.gives_logits
    whole = in_one_run(model, RAW)
    config = replace(config, beyond="nothing")
    tiled, plan = predicted(config, RAW, RAW, voxels=28 * 52 * 52, predictor=AFFINITIES)
    assert len(plan.tiles(plan.input_size(2.0**40, 28 * 52 * 52))) >= 8
    np.testing.assert_allclose(tiled.numpy(), whole, atol=1e-5)
    # Wherever a region lies, its voxels are predicted alike: with pooling, that isn't a matter of course.
    roi = RAW.roi_of([slice(13, 18), slice(25, 32), slice(27, 33)])
    part, _ = predicted(config, RAW, RAW, roi, predictor=AFFINITIES)
    np.testing.assert_allclose(part.numpy(), tiled[roi].numpy(), atol=1e-5)


def pooling(padding: int = 0) -> torch.nn.Module:
    """A small network that pools, and comes back to the voxels of its input."""
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Conv3d(1, 3, 3, padding=padding),
        torch.nn.ReLU(),
        torch.nn.MaxPool3d((1, 2, 2)),
        torch.nn.Conv3d(3, 3, (1, 3, 3), padding=(0, padding, padding)),
        torch.nn.Upsample(scale_factor=(1, 2, 2)),
        torch.nn.Conv3d(3, 3, 1),
    )


@pytest.mark.parametrize(("kind", "padding"), [("scripted", 0), ("traced", 1), ("dynamic", 0), ("static", 1)])
@pytest.mark.filterwarnings("ignore")  # newer torch prefers torch.export, which warns of itself
def test_tiles_of_programs_predict_what_one_run_does(kind: str, padding: int, tmp_path: Path) -> None:
    module = pooling(padding).eval()
    # An input that the whole of the data takes, which need not begin with them.
    raw = RAW[RAW.roi_of([slice(0, 34), slice(0, 58), slice(0, 58)])]
    whole = in_one_run(module, raw)
    if kind in ("scripted", "traced"):
        file = scripted(module, tmp_path / "m.pt", torch.rand(1, 1, 16, 18, 18) if kind == "traced" else None)
    else:
        file = tmp_path / "m.pt2"
        dynamic = (dict.fromkeys((2, 3, 4), torch.export.Dim.AUTO),) if kind == "dynamic" else None
        torch.export.save(torch.export.export(module, (torch.rand(1, 1, 16, 18, 18),), dynamic_shapes=dynamic), file)
    config = chosen(file)
    assert model_to_config(config)["kind"] == ("torchscript" if kind in ("scripted", "traced") else "exported")
    assert not config.gives_logits
    assert config.runs_code
    tiled, plan = predicted(config, raw, raw, voxels=16 * 18 * 18)
    assert len(plan.tiles(plan.input_size(2.0**40, 16 * 18 * 18))) > 8
    # Where the network pads its input with 0, it knows the edge of the data, and tiles don't.
    inner = tuple(n - 12 for n in whole.shape[1:]) if padding else whole.shape[1:]
    cut = tuple(slice((n - i) // 2, (n - i) // 2 + i) for n, i in zip(whole.shape[1:], inner, strict=True))
    np.testing.assert_allclose(middle(tiled, inner), whole[(slice(None), *cut)], atol=1e-6)
    assert not any("isn't known" in note for note in plan.notes)


def test_a_function_predicts_pictures_of_several_channels() -> None:
    raw = Array(rng.integers(0, 2**16, (3, 20, 30), np.uint16), (4, 4))
    config = chosen_model(f"{MODULES}:doubles", ["raw_as=-1..1", "shift=0.5"])
    found, plan = predicted(config, raw, raw.like(raw.data[0], ("y", "x")))
    np.testing.assert_allclose(found.numpy(), 2 * (raw.numpy() / 32767.5 - 1) + 1, atol=1e-6)
    assert plan.notes == ()


def test_a_network_that_upsamples_takes_raw_data_of_larger_voxels(tmp_path: Path) -> None:
    torch.manual_seed(2)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.Upsample(scale_factor=2), torch.nn.Conv2d(2, 2, 3)
    ).eval()
    raw = Array(rng.integers(0, 256, (40, 44), np.uint8), (8, 8), (16, 0))
    grid = Array(np.zeros((80, 88), np.uint8), (4, 4), (16, 0))
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    config = model_from_config(
        {
            "kind": "checkpoint",
            "path": str(tmp_path / "weights.pt"),
            "network": {"kind": "module", "path": f"{MODULES}:upsamples", "input_shape": [12, 12]},
        }
    )
    whole = in_one_run(module, raw)
    tiled, _ = predicted(config, raw, grid, voxels=150)
    np.testing.assert_allclose(middle(tiled, whole.shape[1:]), whole, atol=1e-6)
    with pytest.raises(
        ValueError,
        match=r"for a target with voxels of 8 × 8 nm .*weights.pt needs raw data with voxels of 16 × 16 nm, but "
        "these have 8 × 8 nm; choose another of their scale levels",
    ):
        predicted(config, raw, raw)


def test_raw_data_may_lie_elsewhere_and_be_counted_otherwise() -> None:
    config = chosen_model(f"{MODULES}:convolution")
    other = Array(RAW.data, [v * 10 for v in RAW.voxel_size], [o * 10 for o in RAW.offset], subdivision=10)
    grid = Array(np.zeros((20, 30, 30)), (40, 8, 8), (80 + 5 * 40, 16 + 7 * 8, 9 * 8))
    whole = in_one_run(config.load(None), RAW)
    found, plan = predicted(config, other, grid)
    assert plan.notes == ()
    np.testing.assert_allclose(found.numpy(), whole[:, 4:24, 5:35, 7:37], atol=1e-6)
    beside = grid.like(grid.data, offset=[o + 3 for o in grid.offset])
    found, plan = predicted(config, other, beside)
    np.testing.assert_allclose(found.numpy(), whole[:, 4:24, 5:35, 7:37], atol=1e-6)
    assert plan.notes == (
        "The raw data lie a part of a voxel beside the target, whose nearest voxels predictions are put on.",
    )


def test_beyond_the_data_there_are_zeros_mirrored_data_or_nothing() -> None:
    raw, numbers = Array(np.arange(1, 6, dtype=np.uint8), (1,)), ((-7, 19),)
    assert read_beyond(raw, numbers, "zeros").tolist() == [0] * 7 + [1, 2, 3, 4, 5] + [0] * 7
    mirrored = np.pad(raw.data, (7, 7), mode="reflect")
    assert read_beyond(raw, numbers, "reflect").tolist() == mirrored.tolist()
    assert read_beyond(Array(raw.data[:1], (1,)), ((-2, 4),), "reflect").tolist() == [1] * 4

    config = chosen_model(f"{MODULES}:convolution", ["beyond=nothing"])
    whole = in_one_run(config.load(None), RAW)
    found, plan = predicted(config, RAW, RAW)
    np.testing.assert_allclose(found.numpy(), whole, atol=1e-6)
    assert found.roi == RAW.roi_of([slice(1, 33), slice(2, 58), slice(2, 58)])
    assert plan.notes == ("Left out is 18 % of the region, whose context reaches beyond the raw data.",)
    everywhere, plan = predicted(replace(config, beyond="zeros"), RAW, RAW)
    np.testing.assert_allclose(everywhere[found.roi].numpy(), whole, atol=1e-6)
    assert plan.notes == (
        "For 18 % of the region the model's context reaches beyond the raw data, which are taken to be 0 there.",
    )
    with pytest.raises(ValueError, match="no voxel of the region has its whole context within the raw data"):
        predicted(config, RAW, RAW, RAW.roi_of([slice(0, 1), slice(0, 60), slice(0, 60)]))


def test_a_model_that_normalises_its_input_is_run_on_what_it_was_trained_on() -> None:
    config = chosen_model(f"{MODULES}:normalises", ["input_shape=[12,14,16]"])
    found, plan = predicted(config, RAW, RAW)
    assert plan.input_size(2.0**40) == (12, 14, 16)
    (note,) = (n for n in plan.notes if "isn't known" in n)
    assert note == (
        "How far the model sees isn't known (it normalises each input by itself), so near the edges of tiles its prediction "
        "may differ from that of one run."
    )
    assert found.shape == (3, *RAW.shape)
