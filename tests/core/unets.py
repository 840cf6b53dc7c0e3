"""U-Nets to compare with DaCapo's: settings, weights made from names, and what is compared."""

from __future__ import annotations

from zlib import crc32

import torch

FLAT = [(1, 3, 3), (1, 3, 3)]
THREE = {"input_shape": (40, 52, 52), "downsample_factors": [(1, 2, 2), (2, 2, 2)]}
TWO = {"input_shape": (44, 44), "downsample_factors": [(2, 2), (2, 2)]}
CELLMAP = {"input_shape": (216, 216, 216), "downsample_factors": [(2, 2, 2), (3, 3, 3), (3, 3, 3)]}

SETTINGS = [
    TWO,
    TWO | {"padding": "same"},
    TWO | {"batch_norm": True, "constant_upsample": False},
    TWO | {"use_attention": True},
    TWO | {"use_attention": True, "batch_norm": True, "padding": "same"},
    TWO | {"upsample_factors": [(2, 2)]},
    TWO | {"upsample_factors": [(2, 2), (1, 3)], "batch_norm": True, "padding": "same"},
    TWO
    | {
        "input_shape": (44, 46),
        "kernel_size_down": [[(5, 3)], [(3, 3)], [(1, 1), (3, 3)]],
        "kernel_size_up": [[(3, 3)], [(3, 1)]],
    },
    {"input_shape": (46, 62), "downsample_factors": [(3, 2)]},
    {"input_shape": (49, 49), "downsample_factors": [(3, 3)], "constant_upsample": False},
    {"input_shape": (48, 64), "downsample_factors": [(2, 2), (2, 2), (2, 2)], "padding": "same"},
    {"input_shape": (40, 40), "downsample_factors": [(2, 2), (2, 2)], "padding": "same", "use_attention": True},
    THREE,
    THREE | {"constant_upsample": False},
    THREE | {"batch_norm": True},
    THREE | {"use_attention": True},
    THREE | {"use_attention": True, "constant_upsample": False, "batch_norm": True},
    THREE | {"upsample_factors": [(2, 2, 2)]},
    THREE | {"upsample_factors": [(2, 1, 1)], "use_attention": True, "batch_norm": True},
    {"input_shape": (3, 44, 44), "downsample_factors": [(1, 2, 2)] * 2}
    | {"kernel_size_down": [FLAT] * 3, "kernel_size_up": [FLAT] * 2},
    {"input_shape": (2, 40, 40), "downsample_factors": [(1, 2, 2)], "use_attention": True}
    | {"kernel_size_down": [FLAT] * 2, "kernel_size_up": [FLAT]},
    {"input_shape": (16, 16, 16), "downsample_factors": [(2, 2, 2)], "padding": "same"},
    CELLMAP,
    CELLMAP | {"upsample_factors": [(2, 2, 2)]},
]
"""Arguments of 24 networks, beside those of `FEATURES`."""

FEATURES = {"fmaps_in": 1, "fmaps_out": 3, "num_fmaps": 2, "fmap_inc_factor": 2}


def fill(network: torch.nn.Module) -> torch.nn.Module:
    """The network in eval mode, with weights that depend on nothing but the names and shapes of parameters."""
    for name, value in network.state_dict().items():
        wave = torch.sin(torch.arange(value.numel(), dtype=torch.float64) * 0.7 + crc32(name.encode()) % 1000)
        value.copy_((1 + wave * 0.5 if "running_var" in name else 0.5 * wave).reshape(value.shape).to(value.dtype))
    return network.eval()


def described(network: torch.nn.Module, shape: tuple[int, ...], meta: bool = False) -> dict[str, list[float] | int]:
    """Number of parameters, the output's shape and, unless on the meta device, some of its values."""
    parameters = sum(p.numel() for p in network.parameters())
    if meta:
        network = network.to("meta")
        return {"parameters": parameters, "shape": list(network(torch.empty(1, 1, *shape, device="meta")).shape)}
    count = int(torch.tensor(shape).prod())
    raw = torch.cos(torch.arange(count, dtype=torch.float64) ** 2 * 0.01).reshape(1, 1, *shape)
    with torch.no_grad():
        output = fill(network).double()(raw)
    values = output.flatten()[:: output.numel() // 5][:5].tolist()
    return {"parameters": parameters, "shape": list(output.shape), "values": [round(v, 6) for v in values]}
