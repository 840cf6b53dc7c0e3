"""A stand-in for a CUDA device where there is none: a pytest plugin, run by `test_triton` and by a rehearsed ``gpu-check``.

Tensors sent to ``"cuda"`` stay in the CPU's memory, but say that they lie on the device, refuse to be computed with together
with others as torch does, and tell when the host would wait for the device, see `torch.cuda.set_sync_debug_mode`. Kernels
are run by Triton's interpreter (``TRITON_INTERPRET=1``). What can't be seen here is what a real device's functions lack,
how they round, and how long they take.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from time import perf_counter
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as trees

DEVICE = torch.device("cuda", 0)

WAITS = {
    *("item", "tolist", "cpu", "equal", "allclose", "nonzero", "argwhere", "unique", "unique_consecutive", "bincount"),
    *("masked_select", "isin", "__bool__", "__int__", "__float__", "__index__", "__len__of_mask"),
}
"""Functions for which the host has to know what the device computed: values, or how many there are."""

MIXED = {"to", "copy_", "type_as", "__getitem__", "__setitem__", "index_put_", "__get__", "__set__"}
"""Functions that take tensors of several devices."""


class OnDevice(torch.Tensor):
    """A tensor that is said to lie on the device."""

    __torch_function__ = torch._C._disabled_torch_function_impl
    device = DEVICE
    is_cuda = True


class Pretence(TorchFunctionMode):
    """Runs everything on the CPU, and keeps account of what would be on the device."""

    sync_debug_mode = "default"

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call `function` as if the device were there."""
        kwargs = kwargs or {}
        if function is torch.device:
            return function(*args, **kwargs)
        name = getattr(function, "__name__", "")
        leaves = trees.tree_leaves((args, kwargs))
        on_device = [leaf for leaf in leaves if isinstance(leaf, OnDevice)]
        elsewhere = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor) and not isinstance(leaf, OnDevice)]
        asked = [kind for kind in map(_device_type, leaves) if kind]
        if name in ("numpy", "__array__") and on_device:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        if on_device and any(t.ndim for t in elsewhere) and name not in MIXED:
            raise RuntimeError(f"{name}: expected all tensors to be on the same device, found cuda:0 and cpu")
        if name == "pin_memory":
            return args[0].clone()
        to_device = asked == ["cuda"]
        if self._waits(name, args, kwargs, on_device, to_device):
            self._wait(name)
        if to_device and elsewhere:
            if name in ("to", "as_tensor", "tensor"):
                args = (args[0].clone(), *args[1:])
        elif name == "cpu" or (name == "to" and asked == ["cpu"] and on_device):
            return function(args[0].as_subclass(torch.Tensor).clone(), *args[1:], **kwargs)
        args, kwargs = trees.tree_map(lambda leaf: "cpu" if _device_type(leaf) == "cuda" else leaf, (args, kwargs))
        result = function(*args, **kwargs)
        if asked == ["cpu"] or not (on_device or to_device):
            return result
        return trees.tree_map(_on_device, result)

    def _waits(self, name: str, args: Any, kwargs: Any, on_device: list[Any], to_device: bool) -> bool:
        if to_device and not on_device:
            return name in ("to", "tensor", "as_tensor") and not kwargs.get("non_blocking")
        if not on_device:
            return False
        if name in ("__getitem__", "__setitem__"):
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            return any(isinstance(i, torch.Tensor) and (i.dtype == torch.bool or i.device.type == "cpu") for i in index)
        if name == "repeat_interleave":
            return kwargs.get("output_size") is None
        if name == "where":
            return len(args) == 1
        return name in WAITS or (name == "to" and any(_device_type(a) == "cpu" for a in (*args, *kwargs.values())))

    def _wait(self, name: str) -> None:
        if self.sync_debug_mode == "error":
            raise RuntimeError(f"{name}: called a synchronizing CUDA operation")


def _device_type(value: Any) -> str:
    if isinstance(value, torch.device):
        return value.type
    return value.partition(":")[0] if isinstance(value, str) and value.partition(":")[0] in ("cuda", "cpu") else ""


def _on_device(value: Any) -> Any:
    return value.as_subclass(OnDevice) if isinstance(value, torch.Tensor) else value


class Event:
    """A moment, as `torch.cuda.Event`."""

    def __init__(self, enable_timing: bool = False) -> None:
        self.moment = 0.0

    def record(self, stream: Any = None) -> None:
        """It is now."""
        self.moment = perf_counter()

    def synchronize(self) -> None:
        """It has been."""

    def elapsed_time(self, end: Event) -> float:
        """Milliseconds until `end`."""
        return (end.moment - self.moment) * 1e3


@contextmanager
def pretended() -> Iterator[Pretence]:
    """Within this context, in this thread, there is a CUDA device."""
    pretence = Pretence()

    def set_mode(mode: Any) -> None:
        pretence.sync_debug_mode = mode if isinstance(mode, str) else ("default", "warn", "error")[mode]

    functions = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "current_stream": lambda device=None: None,
        "device": lambda device: nullcontext(),
        "synchronize": lambda device=None: None,
        "empty_cache": lambda: None,
        "max_memory_allocated": lambda device=None: 1,
        "memory_allocated": lambda device=None: 0,
        "reset_peak_memory_stats": lambda device=None: None,
        "mem_get_info": lambda device=None: (2**34, 2**35),
        "get_device_name": lambda device=None: "a stand-in for a GPU",
        "get_sync_debug_mode": lambda: ("default", "warn", "error").index(pretence.sync_debug_mode),
        "set_sync_debug_mode": set_mode,
        "Event": Event,
    }
    with ExitStack() as stack:
        for name, function in functions.items():
            stack.enter_context(patch.object(torch.cuda, name, function))
        stack.enter_context(pretence)
        yield pretence


def pytest_configure(config: pytest.Config) -> None:
    """Pretend during the whole run."""
    stack = ExitStack()
    stack.enter_context(pretended())
    config.add_cleanup(stack.close)
