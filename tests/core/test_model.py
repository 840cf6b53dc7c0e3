"""Models: shapes in and out, what training and prediction rely on, and what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from funlib.geometry import Coordinate

from predictor_inspector.core import Architecture, Model, ModuleArchitecture, UNet, conv_head
from tests.core.unets import CELLMAP, FEATURES, SETTINGS, described

FLAT_FIRST = [[(1, 3, 3), (1, 3, 3)], [(1, 3, 3), (3, 3, 3)], [(3, 3, 3)]]


@pytest.fixture(autouse=True)
def _same_weights_every_time() -> None:
    torch.manual_seed(0)


def unet(shape: tuple[int, ...], factors: Any, **options: Any) -> UNet:
    """A U-Net with few feature maps."""
    return UNet(shape, 1, 3, 2, 2, factors, **options)


def fitting_unet(dims: int, factors: Any, **options: Any) -> UNet:
    """A U-Net whose input is as small as can be: what the refusal of a single voxel proposes."""
    with pytest.raises(ValueError, match="doesn't fit the U-Net") as refusal:
        unet((1,) * dims, factors, **options)
    proposal = re.search(r"the next shape that fits is \((.+)\)", str(refusal.value))
    assert proposal is not None
    return unet(tuple(map(int, proposal[1].split(","))), factors, **options)


class Pointwise(Architecture):
    """The least that an architecture can be, for any number of dimensions."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self._shape = Coordinate(shape)
        self.calls: list[torch.Size] = []

    @property
    def input_shape(self) -> Coordinate:
        return self._shape

    @property
    def num_in_channels(self) -> int:
        return 1

    @property
    def num_out_channels(self) -> int:
        return 2

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        if raw.device.type != "meta":
            self.calls.append(raw.shape)
        return torch.cat([raw, -raw], dim=1)


class LooksAtValues(Pointwise):
    """Can't run without values."""

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        return super().forward(raw - raw.mean().item())


# Shapes


GRID = [
    (2, [2], {}),
    (2, [2, 2], {"padding": "same"}),
    (2, [3, 3], {}),
    (2, [(2, 3)], {"constant_upsample": False, "batch_norm": True}),
    (2, [2], {"upsample_factors": [2, (1, 3)]}),
    (2, [2], {"upsample_factors": [2], "padding": "same", "constant_upsample": False}),
    (3, [(1, 2, 2), (2, 2, 2)], {}),
    (3, [(1, 2, 2), (2, 2, 2)], {"kernel_size_down": FLAT_FIRST, "kernel_size_up": FLAT_FIRST[:2]}),
    (3, [(1, 2, 2), (2, 2, 2)], {"padding": "same", "kernel_size_down": FLAT_FIRST, "batch_norm": True}),
    (3, [(1, 3, 3)], {"kernel_size_down": [[3], [1, 5]], "kernel_size_up": [[1]], "constant_upsample": False}),
]


@pytest.mark.parametrize(("dims", "factors", "options"), GRID)
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_the_shape_that_is_announced_is_the_one_that_comes_out(
    dims: int, factors: Any, options: dict[str, Any], kernel_size: int
) -> None:
    architecture = fitting_unet(dims, factors, **options)
    if kernel_size > min(Model(architecture, conv_head(architecture, 1)).output_shape):
        architecture = unet(tuple(architecture.input_shape + architecture.stride * 2), factors, **options)
    model = Model(architecture, conv_head(architecture, 5, kernel_size))
    result = model(torch.rand(2, 1, *model.input_shape))
    assert result.shape == (2, 5, *model.output_shape)
    assert (model.num_in_channels, model.num_out_channels) == (1, 5)


def test_shapes_are_those_of_the_networks_people_train() -> None:
    """By hand, from the top: 212-4 over 2 is 104, -4 over 2 is 50, -4 over 2 is 23, -4 is 19, and up again."""
    architecture = unet((212, 212, 212), [2, 2, 2])
    assert Model(architecture, conv_head(architecture, 9)).output_shape == (120, 120, 120)


def test_same_padding_keeps_the_shape() -> None:
    architecture = unet((8, 16, 24), [(1, 2, 2), (2, 2, 2)], padding="same")
    model = Model(architecture, conv_head(architecture, 1))
    assert model.output_shape == model.input_shape
    assert architecture.valid_input_shape((7, 17, 8)) == (8, 20, 12)


RECORD = json.loads((Path(__file__).parents[1] / "golden" / "unets.json").read_text())


@pytest.mark.parametrize(("settings", "theirs"), list(zip(SETTINGS, RECORD["networks"], strict=True)))
def test_sizes_and_outputs_are_those_of_dacapos_networks(settings: dict[str, Any], theirs: dict[str, Any]) -> None:
    shape = settings["input_shape"]
    ours = described(UNet(**FEATURES, **settings), shape, meta=shape == CELLMAP["input_shape"])
    assert ours.pop("values", 0) == pytest.approx(theirs.get("values", 0), rel=1e-6)
    assert ours == {name: value for name, value in theirs.items() if name != "values"}


def test_parameters_have_the_names_that_dacapo_gives_them() -> None:
    ours = UNet(**FEATURES, **SETTINGS[4]).state_dict()
    assert {name: list(value.shape) for name, value in ours.items()} == RECORD["names"]


def test_a_model_that_holds_its_parameters_twice_is_loaded() -> None:
    architecture = unet((20, 20), [2])
    model = Model(architecture, conv_head(architecture, 2))
    state = {name: value + 1 for name, value in model.state_dict().items()}
    chain = {"architecture": "chain.0", "prediction_head": "chain.1"}
    twice = {name.replace(whole, part): v for name, v in state.items() for whole, part in chain.items()}
    model.load_state_dict(state | twice)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_without_factors_there_are_convolutions_only() -> None:
    architecture = unet((9, 9), [], upsample_factors=[2])
    model = Model(architecture, conv_head(architecture, 4))
    assert (model.num_out_channels, model.output_shape) == (4, (6, 6))
    assert model(torch.rand(1, 1, 9, 9)).shape == (1, 4, 6, 6)


def test_any_network_can_be_an_architecture() -> None:
    network = torch.nn.Sequential(
        torch.nn.Conv2d(2, 5, 3), torch.nn.MaxPool2d((1, 2)), torch.nn.Upsample(scale_factor=(3, 1))
    )
    architecture = ModuleArchitecture(network, (20, 30), num_in_channels=2)
    model = Model(architecture, conv_head(architecture, 3))
    assert (architecture.num_out_channels, model.output_shape) == (5, (54, 14))
    assert model(torch.rand(1, 2, 20, 30)).shape == (1, 3, 54, 14)
    assert model.scale(Coordinate(6, 5)) == (2, 10)
    with pytest.raises(ValueError, match=r"voxel_size \(4, 4\) has no whole size in the output on axis 0"):
        model.scale(Coordinate(4, 4))
    with pytest.raises(ValueError, match=r"Sequential can't take an input of shape \(1, 1, 20, 30\)"):
        ModuleArchitecture(network, (20, 30))
    with pytest.raises(ValueError, match=r"Flatten must give as many axes as it takes, but makes \(1, 20\)"):
        ModuleArchitecture(torch.nn.Flatten(), (4, 5))
    with pytest.raises(ValueError, match="Sequential can't take an input"):
        ModuleArchitecture(torch.nn.Sequential(torch.nn.Conv2d(1, 3, 1), torch.nn.BatchNorm2d(4)), (4, 5))


class OfOtherPeople(torch.nn.Module):
    """Does something with what it gets."""

    def __init__(self, does: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.does = does

    def forward(self, raw: torch.Tensor) -> Any:
        return self.does(raw)


@pytest.mark.parametrize(
    ("does", "message"),
    [
        (lambda raw: {}["head"], "KeyError: 'head'"),
        (lambda raw: raw.mean(7), "IndexError: Dimension out of range"),
        (lambda raw: (raw, raw), "OfOtherPeople makes tuple, which is no tensor"),
    ],
)
def test_a_network_that_fails_in_any_way_is_refused(does: Callable[[torch.Tensor], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModuleArchitecture(OfOtherPeople(does), (4, 5))


FLAT = [[(1, 3, 3)] * 2]
LAYOUTS: dict[str, dict[str, Any]] = {
    "2-D": {"input_shape": (20, 24), "downsample_factors": [2], "eval_shape_increase": (8, 6)},
    "3-D": {"input_shape": (20, 20, 22), "downsample_factors": [2], "eval_shape_increase": (2, 4, 6)},
    "2-D on 3-D data": {
        "input_shape": (1, 20, 24),
        "downsample_factors": [(1, 2, 2)],
        "kernel_size_down": FLAT * 2,
        "kernel_size_up": FLAT,
        "eval_shape_increase": (5, 8, 6),
    },
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("upsampled", [False, True])
@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"use_attention": True}])
def test_whatever_is_chosen_together_makes_a_network(
    layout: dict[str, Any], padding: str, upsampled: bool, options: dict[str, bool]
) -> None:
    shape, channels = layout["input_shape"], 1 + upsampled
    factors = [(2,) * len(shape)] * upsampled
    features = {**FEATURES, "fmaps_in": channels}
    own = UNet(**features, **layout, **options, padding=padding, upsample_factors=factors)
    for architecture in (own, ModuleArchitecture(own, shape, channels)):
        model = Model(architecture, conv_head(architecture, 5))
        assert model(torch.rand(1, channels, *shape)).shape == (1, 5, *model.output_shape)
        assert model.scale(Coordinate((4,) * len(shape))) == (4 // (1 + upsampled),) * len(shape)
        output = model.eval()(torch.rand(1, channels, *model.eval_input_shape))
        assert output.shape[2:] == model.compute_output_shape(model.eval_input_shape)[1]


def test_an_input_that_fits_is_found_near_a_wanted_one() -> None:
    architecture = unet((32, 44, 44), [(1, 2, 2), (2, 2, 2)])
    wanted = (30, 60, 44)
    found = architecture.valid_input_shape(wanted)
    assert found == (30, 60, 44)
    assert architecture.valid_input_shape((31, 61, 1)) == (32, 64, 44)
    with pytest.raises(ValueError, match=r"shape needs 3 numbers like input_shape, got 2: \(30, 60\)"):
        architecture.valid_input_shape(wanted[:2])


def test_prediction_may_take_a_larger_input() -> None:
    architecture = unet((44, 44), [2, 2], eval_shape_increase=(8, 16))
    model = Model(architecture, conv_head(architecture, 1))
    assert model.eval_input_shape == (52, 60)
    assert model.compute_output_shape(model.eval_input_shape) == (1, model.output_shape + Coordinate(8, 16))
    assert Pointwise((4, 5)).eval_shape_increase == (0, 0)


def test_no_memory_is_needed_to_know_the_output_shape() -> None:
    architecture = unet((44, 44, 44), [2, 2])
    model = Model(architecture, conv_head(architecture, 1))
    assert model.compute_output_shape((10_004,) * 3) == (1, (9_964,) * 3)
    pointwise = Pointwise((4, 5))
    Model(pointwise, conv_head(pointwise, 3))
    assert pointwise.calls == []


def test_an_architecture_that_looks_at_values_is_run_to_know_the_output_shape() -> None:
    architecture = LooksAtValues((4, 5))
    model = Model(architecture, conv_head(architecture, 3))
    assert (model.num_out_channels, model.output_shape) == (3, (4, 5))
    assert architecture.calls == [(1, 1, 4, 5)]


@pytest.mark.parametrize("architecture", [Pointwise((4, 5)), LooksAtValues((4, 5))])
def test_asking_for_a_shape_changes_nothing(architecture: Architecture) -> None:
    head = torch.nn.Sequential(conv_head(architecture, 3), torch.nn.BatchNorm2d(3))
    model = Model(architecture, head)
    head[0].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [part.training for part in model.modules()]
    model.compute_output_shape((8, 8))
    assert [part.training for part in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_voxels_become_smaller_by_the_upsampling() -> None:
    architecture = fitting_unet(2, [2], upsample_factors=[2, (1, 3)])
    assert Model(architecture, conv_head(architecture, 1)).scale(Coordinate(8, 12)) == (4, 2)
    assert unet((20, 20), [2]).scale(Coordinate(8, 12)) == (8, 12)
    assert Pointwise((4, 5)).scale(Coordinate(8, 12)) == (8, 12)
    with pytest.raises(ValueError, match=r"voxel_size \(8, 8\) can't be divided by the upsampling, \(2, 6\); count in"):
        architecture.scale(Coordinate(8, 8))
    with pytest.raises(ValueError, match="voxel_size needs 2 numbers like input_shape, got 3"):
        architecture.scale(Coordinate(8, 8, 8))


# Behaviour


@pytest.mark.parametrize(
    ("factors", "options"),
    [
        ([(1, 2), (2, 2)], {}),
        ([(2, 3), (2, 3)], {"constant_upsample": False}),
        ([(3, 2)], {"kernel_size_down": [[5], [3]], "kernel_size_up": [[3, 1]]}),
    ],
)
def test_blocks_join_without_seams(factors: Any, options: dict[str, Any]) -> None:
    """Every block of a large output is what its own input, one context larger, gives."""
    architecture = fitting_unet(2, factors, **options)
    model = Model(architecture, conv_head(architecture, 2)).double().eval()
    upsampling = Coordinate(6, 6) // architecture.scale(Coordinate(6, 6))
    steps = (2, 2)
    block = model.output_shape
    large_shape = model.input_shape + block // upsampling * Coordinate(steps) - block // upsampling
    raw = torch.rand(1, 1, *large_shape, dtype=torch.float64)
    with torch.no_grad():
        large = model(raw)
        assert large.shape[2:] == block * Coordinate(steps)
        for step in product(*map(range, steps)):
            begin = block * Coordinate(step)
            source = begin // upsampling
            part = raw[(..., *(slice(b, b + n) for b, n in zip(source, model.input_shape, strict=True)))]
            expected = large[(..., *(slice(b, b + n) for b, n in zip(begin, block, strict=True)))]
            torch.testing.assert_close(model(part), expected)


def test_a_shift_by_the_stride_shifts_the_output_in_3d() -> None:
    architecture = fitting_unet(3, [(1, 2, 2), (2, 2, 2)], kernel_size_down=FLAT_FIRST, kernel_size_up=FLAT_FIRST[:2])
    assert architecture.stride == (2, 4, 4)
    model = Model(architecture, conv_head(architecture, 2)).double()
    raw = torch.rand(1, 1, *(model.input_shape + architecture.stride), dtype=torch.float64)
    with torch.no_grad():
        both = model(raw)
        torch.testing.assert_close(model(raw[..., 2:, 4:, 4:]), both[..., 2:, 4:, 4:])


@pytest.mark.parametrize("constant_upsample", [True, False])
@pytest.mark.parametrize("factors", [[2], [2, 2], [3]])
def test_the_output_is_concentric_with_the_input(factors: Any, constant_upsample: bool) -> None:
    """With all weights alike on every axis and for every tap, a mirrored input gives the mirrored output."""
    architecture = fitting_unet(2, factors, constant_upsample=constant_upsample)
    model = Model(architecture, conv_head(architecture, 1)).double()
    for parameter in model.parameters():
        parameter.data.fill_(0.01)
    raw = torch.rand(1, 1, *model.input_shape, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(model(raw.flip(2, 3)), model(raw).flip(2, 3))


@pytest.mark.parametrize("constant_upsample", [True, False])
def test_gradients_reach_every_parameter(constant_upsample: bool) -> None:
    architecture = UNet(
        (24, 24), 2, 8, 8, 2, [2], upsample_factors=[2], constant_upsample=constant_upsample, batch_norm=True
    )
    model = Model(architecture, conv_head(architecture, 3))
    model(torch.rand(2, 2, 24, 24)).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert architecture.unet[0].l_conv[0].conv_pass[0].weight.grad.abs().sum() > 0


def test_activation_happens_in_prediction_only() -> None:
    architecture = unet((20, 20), [2])
    model = Model(architecture, conv_head(architecture, 2), torch.nn.Sigmoid())
    raw = torch.randn(1, 1, 20, 20)
    logits = model(raw)
    assert logits.min() < 0
    torch.testing.assert_close(model.eval()(raw), logits.sigmoid())
    torch.testing.assert_close(model.train()(raw), logits)


def test_a_model_without_activation_gives_the_same_in_training_and_prediction() -> None:
    architecture = unet((20, 20), [2])
    model = Model(architecture, conv_head(architecture, 2))
    raw = torch.randn(1, 1, 20, 20)
    torch.testing.assert_close(model(raw), model.eval()(raw))


def test_the_same_seed_gives_the_same_weights() -> None:
    def weights() -> dict[str, torch.Tensor]:
        torch.manual_seed(3)
        architecture = unet((20, 20), [2], constant_upsample=False)
        return Model(architecture, conv_head(architecture, 2)).state_dict()

    first, second = weights(), weights()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_weights_survive_saving_and_loading() -> None:
    architectures = [unet((20, 20), [2], batch_norm=True) for _ in range(2)]
    trained, fresh = (Model(architecture, conv_head(architecture, 2)).eval() for architecture in architectures)
    raw = torch.rand(1, 1, 20, 20)
    assert not torch.equal(trained(raw), fresh(raw))
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(trained(raw), fresh(raw))
    stored = [value.data_ptr() for value in trained.state_dict().values()]
    assert len(set(stored)) == len(stored), "every weight is stored once"


@pytest.mark.parametrize("constant_upsample", [True, False])
def test_new_weights_keep_the_variance_through_relus(constant_upsample: bool) -> None:
    """Standard deviations are those of He et al.: the square root of 2 over how many values enter an output voxel."""
    architecture = UNet((28, 28), 16, 16, 16, 2, [2, 2], constant_upsample=constant_upsample, padding="same")
    Model(architecture, conv_head(architecture, 2))
    for module in architecture.modules():
        if isinstance(module, torch.nn.Conv2d):
            expected = (2 / (module.in_channels * prod(module.kernel_size))) ** 0.5
        elif isinstance(module, torch.nn.ConvTranspose2d):
            expected = (2 / module.in_channels) ** 0.5  # its strides are as large as its kernels
        else:
            continue
        assert module.weight.std().item() == pytest.approx(expected, rel=0.15)


# What is refused


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (45, 44),
            r"input_shape \(45, 44\) doesn't fit the U-Net on axis y, where features of \(41, 40\) are to be downsampled by "
            r"\(2, 2\); the next shape that fits is \(48, 44\)",
        ),
        ((44, 46), r"on axis x, where features of \(16, 17\) [^;]*; the next shape that fits is \(44, 48\)"),
        ((45, 46), r"on axis y, where .*; the next shape that fits is \(48, 48\)"),
        ((44, 4), r"on axis x, where features of \(44, 4\) meet convolutions that take \(4, 4\) away"),
        ((20, 44), r"on axis y, where features of \(2, 8\) meet convolutions that take \(4, 4\) away"),
        ((36, 44), r"on axis y, where features of \(4, 8\) on the way up are too few for convolutions"),
        ((0, 44), r"on axis y, where there are no voxels"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_with_those_that_do(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unet(shape, [2, 2])
    fitting = unet((44, 44), [2, 2])
    with pytest.raises(ValueError, match=message.replace("input_shape", "raw's spatial shape")):
        fitting(torch.zeros(1, 1, *shape))
    model = Model(fitting, conv_head(fitting, 1))
    with pytest.raises(ValueError, match="doesn't fit the U-Net on axis"):
        model.compute_output_shape(shape)


def test_same_padding_needs_multiples_of_all_factors() -> None:
    with pytest.raises(ValueError, match=r"on axis x, where .*; the next shape that fits is \(16, 20\)"):
        unet((16, 18), [2, 2], padding="same")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (20,)}, r"input_shape must have 2 or 3 numbers, got 1: \(20,\)"),
        ({"input_shape": (9,) * 4}, "input_shape must have 2 or 3 numbers, got 4"),
        ({"input_shape": (20.5, 20)}, "input_shape must hold whole numbers, got 20.5"),
        ({"padding": "reflect"}, "padding must be one of 'valid', 'same', got 'reflect'"),
        ({"num_fmaps": 0}, "num_fmaps must be a whole number of at least 1, got 0"),
        ({"fmap_inc_factor": 1.5}, "fmap_inc_factor must be a whole number of at least 1, got 1.5"),
        (
            {"downsample_factors": [(2, 2), (2, 2, 2)]},
            r"downsample_factors\[1\] needs one number, or 2 like input_shape, got 3: \(2, 2, 2\)",
        ),
        ({"downsample_factors": [(0, 2)]}, r"downsample_factors\[0\] must be at least 1 on every axis, got \(0, 2\)"),
        ({"upsample_factors": [(2, 2, 2)]}, r"upsample_factors\[0\] needs one number, or 2"),
        (
            {"kernel_size_down": [[3]]},
            "kernel_size_down needs a list of kernel sizes for each of the 2 levels .* got 1",
        ),
        ({"kernel_size_up": [[3], [3]]}, "kernel_size_up needs a list of kernel sizes for each of the 1 levels"),
        ({"kernel_size_up": [[]]}, r"kernel_size_up\[0\] must hold at least one kernel size, got none"),
        (
            {"kernel_size_down": [[3, (3, 2)], [3]]},
            r"kernel_size_down\[0\]\[1\] must be odd on every axis, got \(3, 2\)",
        ),
        ({"kernel_size_down": [[(3, 3, 3)], [3]]}, r"kernel_size_down\[0\]\[0\] needs one number, or 2"),
        ({"eval_shape_increase": (2,)}, r"eval_shape_increase needs 2 numbers like input_shape, got \(2,\)"),
        (
            {"eval_shape_increase": (2, 1)},
            r"input_shape \+ eval_shape_increase \(22, 21\) doesn't fit the U-Net on axis x",
        ),
    ],
)
def test_settings_of_a_unet_that_cannot_be_are_refused(arguments: dict[str, Any], message: str) -> None:
    good = {
        "input_shape": (20, 20),
        "fmaps_in": 1,
        "fmaps_out": 1,
        "num_fmaps": 1,
        "fmap_inc_factor": 1,
        "downsample_factors": [2],
    }
    UNet(**good)
    with pytest.raises(ValueError, match=message):
        UNet(**{**good, **arguments})


@pytest.mark.parametrize("shape", [(20, 20), (1, 20, 20), (1, 2, 20, 20), (1, 1, 20, 20, 20)])
def test_raw_data_need_a_batch_axis_and_the_right_channels(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="raw must have a batch axis, 1 channels and 2 spatial axes, got shape"):
        unet((20, 20), [2])(torch.zeros(shape))


@pytest.mark.parametrize("shape", [(9,), (3, 3, 3, 3)])
def test_heads_exist_in_two_and_three_dimensions(shape: tuple[int, ...]) -> None:
    message = f"heads exist for 2-D and 3-D architectures, got Pointwise with {len(shape)} dimensions"
    with pytest.raises(ValueError, match=message):
        conv_head(Pointwise(shape), 1)


@pytest.mark.parametrize("kernel_size", [0, 2, -1])
def test_heads_have_odd_kernels(kernel_size: int) -> None:
    with pytest.raises(ValueError, match=f"kernel_size must be an odd whole number like 1 or 3, got {kernel_size}"):
        conv_head(Pointwise((4, 4)), 1, kernel_size)


def test_heads_have_channels() -> None:
    with pytest.raises(ValueError, match="channels must be at least 1, got 0"):
        conv_head(Pointwise((4, 4)), 0)


def test_a_head_for_other_features_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"prediction_head must take the 2 channels of the architecture's output, but .* 7"
    ):
        Model(Pointwise((4, 4)), torch.nn.Conv2d(7, 1, 1))


def test_a_shape_of_other_dimensions_is_refused() -> None:
    model = Model(Pointwise((4, 4)), conv_head(Pointwise((4, 4)), 1))
    with pytest.raises(ValueError, match=r"input_shape needs 2 numbers like the architecture's, got \(4, 4, 4\)"):
        model.compute_output_shape((4, 4, 4))


def test_an_increase_of_other_dimensions_is_refused() -> None:
    class Flat(Pointwise):
        eval_shape_increase = Coordinate(2)

    with pytest.raises(ValueError, match=r"eval_shape_increase of the architecture needs 2 numbers .* got \(2,\)"):
        Model(Flat((4, 4)), conv_head(Pointwise((4, 4)), 1))
