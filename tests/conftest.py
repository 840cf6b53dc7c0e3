"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

# Several processes share the cores: each computes in one thread, and where it is told to use more, those sleep while they
# wait. To be said before numpy and torch are loaded.
os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}

import h5py
import numpy as np
import pytest
import zarr
from hypothesis import settings

# The same few examples in every run; --hypothesis-profile=thorough looks for new ones.
settings.register_profile("quick", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("thorough", max_examples=500, deadline=None)
settings.load_profile("quick")

# Plain torch is what is tested unless another backend is asked for: nothing may depend on when kernels get ready.
os.environ.setdefault("PREDICTOR_INSPECTOR_BACKEND", "torch")

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    # xdist would begin with the files of most tests. Those of few are the longest, and would be waited for at the end.
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Windows come last, as what they leave behind is met by no other test; among their files first those of few tests."""
    tests = Counter(item.path for item in items)
    order = {}
    for path, number in tests.items():
        sign = 1 if path.is_relative_to(HERE / "plugin") else -1
        order[path] = sign, sign * number, str(path)
    items.sort(key=lambda item: order[item.path])


if zarr.__version__.startswith("2."):
    from . import zarr_2

    zarr_2.install()


@pytest.fixture
def cold_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiled kernel is ready, and none ever gets so: what waits for one fails."""
    from predictor_inspector.core.ops import backend
    from predictor_inspector.core.ops.readiness import Readiness

    def never(operation: str) -> bool:
        raise AssertionError(f"the kernels of {operation} are waited for")

    cold = Readiness(backend.OPERATIONS)
    monkeypatch.setattr(cold, "begin", lambda *_: None)
    monkeypatch.setattr(cold, "have", never)
    monkeypatch.setattr(backend, "_readiness", cold)
    monkeypatch.setattr(backend, "_torch_meanwhile", False)
    monkeypatch.setenv(backend.VARIABLE, "auto")


@pytest.fixture(scope="session")
def golden() -> Path:
    """The folder of reference results."""
    return HERE / "golden"


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the real ground truth of data/files, and its neurites in the layouts of funlib and CREMI."""
    folder = tmp_path_factory.mktemp("real") / "data"
    shutil.copytree(HERE / "data" / "files", folder)
    raw, neurons = (
        zarr.open_array(folder / "medulla.ome.zarr" / path, mode="r")[::4] for path in ("s0", "labels/neurons/s0")
    )
    # A constant above 2³³ keeps the order of the ids.
    layouts = {"raw": raw, "labels/neuron_ids": np.where(neurons > 0, neurons + np.uint64(2**33), 0)}
    place = {
        "offset": [400, 1000, 1000],
        "resolution": [40, 10, 10],
        "axis_names": ["z", "y", "x"],
        "units": ["nm"] * 3,
    }
    funlib = zarr.create_group(folder / "funlib_anisotropic.zarr", zarr_format=2)
    with h5py.File(folder / "cremi_style.hdf", "w") as cremi:
        for name, values in layouts.items():
            array = funlib.create_array(
                name, shape=values.shape, dtype=values.dtype, chunks=(8, 64, 64), attributes=place
            )
            array[...] = values
            dataset = cremi.create_dataset(f"volumes/{name}", data=values, chunks=(10, 56, 56), compression="gzip")
            dataset.attrs.update(offset=[0.0, 0.0, 0.0], resolution=[40.0, 4.0, 4.0])
    return folder


Install = Callable[[str, str, str, Mapping[str, str]], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a package of one module, with entry points of a group, where Python looks for installed ones."""
    site, installed = tmp_path / "site", []
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def put(module: str, source: str, group: str, names: Mapping[str, str]) -> None:
        (site / f"{module}.py").write_text(source)
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        lines = [f"{name} = {where}" for name, where in names.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[predictor_inspector.{group}]", *lines]))
        installed.append(module)

    yield put
    # Another test's module may have the same name.
    for module in installed:
        sys.modules.pop(module, None)
