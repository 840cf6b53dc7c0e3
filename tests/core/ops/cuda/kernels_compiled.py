"""Compiles each CUDA kernel to machine code, which needs no GPU: run by `test_triton`.

Launches are caught and compiled instead of run, with the types and the alignment of their arguments. Fails where a kernel
can't be compiled or takes more shared memory than every device has.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from predictor_inspector.core.ops.cuda import affinities, boundary_distance, class_balance, shape_descriptors

TYPES = {
    torch.float32: "*fp32",
    torch.float64: "*fp64",
    torch.uint8: "*u8",
    torch.int16: "*i16",
    torch.int32: "*i32",
    torch.int64: "*i64",
}
CAPABILITY = 90
"""Compute capability of the device: 9.0 is an H100's and an H200's."""

compiled: set[str] = set()


def compile_only(self: Any, *arguments: Any, grid: Any = None, warmup: bool = False, **more: Any) -> None:
    """In place of ``JITFunction.run``."""
    assert all(n < 2**31 for n in grid[:1])
    assert all(n < 2**16 for n in grid[1:])
    options = {name: more.pop(name) for name in ("num_warps", "num_stages") if name in more}
    values = dict(zip(self.arg_names, arguments, strict=False)) | more
    types: dict[str, str] = {}
    constants: dict[Any, Any] = {}
    aligned: dict[Any, Any] = {}
    for place, parameter in enumerate(self.params):
        value, special = values[parameter.name], not parameter.do_not_specialize
        if parameter.is_constexpr or (special and value is not None and type(value) is int and value == 1):
            types[parameter.name], constants[(place,)] = "constexpr", value
            continue
        if isinstance(value, torch.Tensor):
            types[parameter.name] = TYPES[value.dtype]
            divisible = not parameter.do_not_specialize_on_alignment and value.data_ptr() % 16 == 0
        elif isinstance(value, int):
            types[parameter.name] = "i32" if -(2**31) <= value < 2**31 else "i64"
            divisible = special and value % 16 == 0
        else:
            types[parameter.name], divisible = "fp32", False
        if divisible:
            aligned[(place,)] = [["tt.divisibility", 16]]
    kernel = triton.compile(ASTSource(self, types, constants, aligned), GPUTarget("cuda", CAPABILITY, 32), options)
    assert kernel.asm["cubin"]
    # 48 KiB are there on every device, more must be asked for.
    assert kernel.metadata.shared <= 48 * 1024, f"{self.__name__} takes {kernel.metadata.shared} bytes of shared memory"
    compiled.add(self.__name__)


def pairs(wanted: torch.Tensor, present: torch.Tensor, tiling: Any, radii: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Two pairs, which kernels that don't run can't find."""
    wanted.view(-1, 6)[1:3, 3] = 5
    boxes_with_surroundings(wanted, present, tiling, radii)
    boxes = torch.tensor([[0, 0, 0, 5, 5, 5, 0, 0, 0, 9, 9, 9]] * 2, dtype=torch.int32)
    return torch.tensor([1, 2], dtype=torch.int32), boxes


JITFunction.run = compile_only
boxes_with_surroundings = shape_descriptors.boxes_with_surroundings
shape_descriptors.boxes_with_surroundings = pairs

labels = torch.zeros((64, 64, 64), dtype=torch.int32)
narrow, mask = labels.to(torch.uint8), labels > 0
size = (1.0, 1.0, 1.0)
part = (slice(3, 8),) * 3
boundary_distance.signed_distance(narrow, size, 5.0)
boundary_distance.signed_distance(labels, size, 5.0, part)
boundary_distance.squared_distance_to_unknown(mask, size, 5.0)
affinities.affinities(narrow, [[1, 0, 0]])
affinities.affinities(labels.long(), [[1, 0, 0]], mask, part)
affinities.known_pairs(mask, [[1, 0, 0]], part)
class_balance.counted(mask[:2], mask[:1])
class_balance.by_class(mask[:2], mask[:1], torch.zeros(2, 2))
class_balance.counted(mask[:2], None)
class_balance.by_class(mask[:2], None, torch.zeros(2, 2))
shape_descriptors.shape_descriptors(narrow, 3.0, size)
shape_descriptors.shape_descriptors(labels[:, :, :10], 3.0, size, downsample=2)
shape_descriptors.shape_descriptors(narrow[0], 3.0, size[:2])

expected = "_scan _along_rows _along_columns _compare_pairs _count _look_up _enclose _surround"
assert compiled == {*expected.split(), "contract_first", "contract_second", "describe"}, compiled
