"""Training pipelines: found by name, called, iterated."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from predictor_inspector.core.import_path import found_in, module_at, parted


def load(path: str) -> Any:
    """What ``module:name`` or ``path/to/file.py:name`` is; for workers that are spawned, too."""
    place, name = parted(path)
    return found_in(module_at(place, stays=True), name)


def called(found: Any) -> Any:
    """What a function or class makes without arguments; anything else as it is."""
    is_made = hasattr(found, "__iter__") or hasattr(found, "__getitem__")
    return found() if isinstance(found, type) or (callable(found) and not is_made) else found


def items_of(made: Any, opened: ExitStack) -> tuple[Iterator[Any], bool]:
    """Item after item of anything that gives some, and whether those are batches."""
    if isinstance(made, tuple) and len(made) == 2 and hasattr(made[0], "request_batch"):
        pipeline, request = made
        opened.enter_context(importlib.import_module("gunpowder").build(pipeline))
        return _batches(pipeline, request), False
    if hasattr(made, "request_batch"):
        raise ValueError("a gunpowder pipeline needs a request: return (pipeline, request)")
    if isinstance(made, (str, bytes, dict)) or not (hasattr(made, "__iter__") or hasattr(made, "__getitem__")):
        raise ValueError(
            f"it must return an iterator, a Dataset, a DataLoader or (pipeline, request) of gunpowder, "
            f"got {type(made).__module__}.{type(made).__name__}"
        )
    # DataLoader by its attributes: other packages have ones that aren't torch's.
    batched = hasattr(made, "batch_sampler") and hasattr(made, "dataset") and made.batch_sampler is not None
    if hasattr(made, "__getitem__") and hasattr(made, "__len__") and not batched:
        return (made[n] for n in range(len(made))), False
    return iter(made), batched


def _batches(pipeline: Any, request: Any) -> Iterator[Any]:
    while True:
        yield pipeline.request_batch(request)
