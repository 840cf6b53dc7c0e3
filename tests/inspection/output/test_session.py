"""Sessions: saved and loaded."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from predictor_inspector.core import Array, DistancePredictor, predictor_to_config
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.inspection.findings.review import Review
from predictor_inspector.inspection.output.session import (
    Camera,
    Compute,
    Data,
    Display,
    Judgement,
    Look,
    Origin,
    Region,
    Session,
    load_session,
    save_session,
)
from predictor_inspector.inspection.roundtrip import Imperfection

from ..stand_ins import stand_in

CONFIG = predictor_to_config(DistancePredictor(("cell",), 20.0, False))


@pytest.fixture
def gt() -> Array:
    ids = np.random.default_rng(0).integers(0, 9, (4, 12, 10)).astype(np.uint16)
    return Array(ids, (4000, 524, 400), (1000, 262, -1200), subdivision=100)


def session_of(folder: Path, **kwargs: Any) -> Session:
    source = Origin(path=str(folder / "data" / "crop.zarr"), name="labels", layer="labels")
    return Session(**{"data": Data(ground_truth=source), "predictor": CONFIG, **kwargs})


def written(path: Path, **changes: Any) -> Path:
    save_session(path, session_of(path.parent))
    content = yaml.safe_load(path.read_text("utf-8"))
    for key, value in changes.items():
        *steps, last = key.split("__")
        part = content
        for step in steps:
            part = part.setdefault(step, {})
        if value is None:
            del part[last]
        else:
            part[last] = value
    path.write_text(yaml.safe_dump(content), "utf-8")
    return path


def test_what_is_saved_is_loaded(tmp_path: Path, gt: Array) -> None:
    roi = gt.roi_of([slice(1, 2), slice(3, 9), slice(0, 5)])
    session = session_of(
        tmp_path,
        region=Region.of(roi, gt, mode="box", thickness=3, position=4),
        compute=Compute(device="cpu", outside="zero", balance_over="context"),
        display=Display(
            view="weight",
            channel=2,
            ndisplay=3,
            point=(0.0, 1.5),
            camera=Camera(center=(0.0, 1.0, 2.0), zoom=3.5, angles=(1, 2, 3)),
            layers={"target": Look(contrast_limits=(-1, 1), colormap="gray", opacity=0.5)},
        ),
        judgement=Judgement(
            prediction=Origin(path=str(tmp_path / "a.zarr"), name="affs", layer="affs"),
            versus=Origin(layer="affs B"),
            logits=True,
            loss={"kind": "mse", "weights": "squared"},
            decoder={"kind": "mutex_watershed", "bias": 0.7},
            imperfection={"noise": 0.25, "seed": 3},
        ),
        notes="First line\n  second: [line] → ü",
    )
    assert load_session(save_session(tmp_path / "a.yaml", session)) == session
    assert session.region.roi(gt) == roi


WRITTEN = """\
version: 1
data:
  ground_truth:
    path: data/crop.zarr
    name: labels
  mask:
    layer: painted
  index:
    t: 3
  axes:
    spatial: 3
    time: true
predictor:
  kind: affinities
  neighborhood: [[1, 0, 0], [0, 0, -3]]
  lsds: false
region:
  mode: box
  begin: [50.0, 18.34, -12.0]
  end: [90.0, 49.78, 8.0]
  unit: nm
  thickness: 3
  position: 4
compute:
  device: cpu
  outside: zero
  balance_over: context
display:
  view: target RGB
  channel: 2
  ndisplay: 3
  point: [0.0, 1.5]
  camera:
    center: [0.0, 1.0, 2.0]
    zoom: 3.5
    angles: [1.0, 2.0, 3.0]
  layers:
    target:
      visible: true
      opacity: 0.5
      contrast_limits: [-1.0, 1.0]
      gamma: 1.2
      colormap: gray
notes: |-
  First line
    second: [line] → ü
"""


def test_a_session_of_the_first_version_is_read_and_written_as_it_was(tmp_path: Path, gt: Array) -> None:
    (tmp_path / "a.yaml").write_text(WRITTEN, "utf-8")
    session = load_session(tmp_path / "a.yaml")
    assert session.data.ground_truth.path == str(tmp_path / "data" / "crop.zarr")
    assert session.region.roi(gt) == gt.roi_of([slice(1, 2), slice(3, 9), slice(0, 5)])
    assert session.notes == "First line\n  second: [line] → ü"
    assert save_session(tmp_path / "b.yaml", session).read_text("utf-8") == WRITTEN


def test_what_networks_are_judged_by_moves_along_and_is_checked(tmp_path: Path) -> None:
    judgement = Judgement(prediction=Origin(path=str(tmp_path / "affs.zarr"), name="affs"), imperfection={"seed": 3})
    path = save_session(tmp_path / "a.yaml", session_of(tmp_path, judgement=judgement))
    assert yaml.safe_load(path.read_text("utf-8"))["judgement"]["prediction"]["path"] == "affs.zarr"
    assert judgement.made_imperfection() == Imperfection(seed=3)
    models = {"prediction": {"path": str(tmp_path / "nets.py:make")}, "versus": {"path": "package.nets:make"}}
    path = save_session(tmp_path / "a.yaml", session_of(tmp_path, judgement=Judgement(models=models)))
    kept = yaml.safe_load(path.read_text("utf-8"))["judgement"]["models"]
    assert [model["path"] for model in kept.values()] == ["nets.py:make", "package.nets:make"]
    read = load_session(path).judgement
    assert read is not None
    assert read.models == models
    for wrong, message in (
        ({"loss": {"kind": "hinge"}}, "unknown loss 'hinge'"),
        ({"decoder": {"kind": "threshold", "bias": 1}}, "threshold has no parameter 'bias'"),
        ({"imperfection": {"noise": -1}}, "noise"),
        ({"models": {"prediction": {"path": "a.pt", "beyondd": 1}}}, "no parameter 'beyondd'; did you mean 'beyond'"),
        ({"models": {"versus": {"path": "a.pt", "kind": "module"}}}, "the kind of a model is what its file says"),
        ({"models": {"other": {"path": "a.pt"}}}, "other"),
    ):
        with pytest.raises(ValueError, match=message):
            load_session(written(tmp_path / "b.yaml", judgement=wrong))


def test_a_review_has_a_line_for_each_finding_and_comes_back(tmp_path: Path) -> None:
    findings = [stand_in(message=f"{n}: a “long” message, {'so ' * 40}.", channels=(f"c{n}",)) for n in range(2)]
    review = Review().judge(findings[0], "fine").judge(findings[1], "to fix")
    verdicts = tuple(j.model_copy(update={"since": date(2020, 1, 2 + n)}) for n, j in enumerate(review.verdicts))
    path = save_session(tmp_path / "a.yaml", session_of(tmp_path, review=verdicts))
    written = path.read_text("utf-8").partition("review:\n")[2].splitlines()
    assert [line.partition(", severity")[0] for line in written] == [
        "- {finding: zero-weight, state: fine",
        "- {finding: zero-weight, state: to fix",
    ]
    assert load_session(path).review == verdicts


def test_paths_below_the_same_folder_are_relative_so_that_both_can_be_moved(tmp_path: Path) -> None:
    (tmp_path / "project" / "sessions").mkdir(parents=True)
    save_session(tmp_path / "project" / "sessions" / "a.yaml", session_of(tmp_path / "project"))
    (tmp_path / "project").rename(tmp_path / "moved")
    path = tmp_path / "moved" / "sessions" / "a.yaml"
    assert yaml.safe_load(path.read_text())["data"]["ground_truth"]["path"] == "../data/crop.zarr"
    assert load_session(path).data.ground_truth.path == str(tmp_path / "moved" / "data" / "crop.zarr")


def test_paths_with_nothing_in_common_stay_absolute(tmp_path: Path) -> None:
    source = Origin(path="/elsewhere/crop.zarr", name="labels")
    save_session(tmp_path / "a.yaml", Session(data=Data(ground_truth=source), predictor=CONFIG))
    assert load_session(tmp_path / "a.yaml").data.ground_truth.path == "/elsewhere/crop.zarr"


def test_a_session_is_inspected_as_it_says(tmp_path: Path, gt: Array) -> None:
    (tmp_path / "data").mkdir()
    write_ome_zarr(tmp_path / "data" / "crop.zarr", gt, "labels")
    roi = gt.roi_of([slice(1, 2), slice(3, 9), slice(0, 5)])
    source = Origin(path=str(tmp_path / "data" / "crop.zarr"))
    region = Region.of(roi, gt, mode="box")
    session = Session(data=Data(ground_truth=source), predictor=CONFIG, region=region, compute=Compute(device="cpu"))
    save_session(tmp_path / "a.yaml", session)
    loaded = load_session(tmp_path / "a.yaml")
    request = loaded.request()
    opened, mask = request.source.gt, request.source.mask
    assert mask is None
    assert opened.roi == gt.roi
    assert (request.roi, request.device, request.predictor) == (roi, "cpu", DistancePredictor(("cell",), 20.0, False))


def test_the_network_of_a_session_is_measured_unless_that_would_run_code(tmp_path: Path, gt: Array) -> None:
    write_ome_zarr(tmp_path / "data" / "crop.zarr" / "labels", gt, "labels")
    flat = {"kind": "unet", "input_shape": [1, 9, 9], "downsample_factors": [], "kernel_size_down": [[[1, 3, 3]]]}
    network = load_session(save_session(tmp_path / "a.yaml", session_of(tmp_path, network=flat))).request().network
    assert network is not None
    assert network.output_shape == (1, 7, 7)
    (tmp_path / "nets.py").write_text("raise RuntimeError('this was run')\n")
    module = {"kind": "module", "path": f"{tmp_path / 'nets.py'}:net", "input_shape": [1, 9, 9]}
    session = load_session(save_session(tmp_path / "b.yaml", session_of(tmp_path, network=module)))
    assert session.network == module
    assert session.request().network is None


def test_a_region_is_found_in_data_of_other_counts_and_units() -> None:
    region = Region(begin=(5.24, 0.0), end=(15.72, 8.0), unit="nm")
    grid = Array(np.zeros((9, 9)), (524, 400), subdivision=10**5, unit="um")
    assert region.roi(grid) == grid.roi_of([slice(1, 3), slice(0, 2)])


@pytest.mark.parametrize(
    ("region", "words"),
    [
        (Region(begin=(0.0,), end=(1.0,)), "has 1 axes, but the ground truth has 3"),
        (Region(begin=(9e6, 0.0, 0.0), end=(9.1e6, 9.0, 9.0)), "lies outside the ground truth"),
        (Region(begin=(0.0, 0.0, 0.0), end=(9.0, 9.0, 9.0), unit="pixel"), "can't be converted"),
    ],
)
def test_a_region_that_does_not_fit_is_a_sentence(region: Region, words: str, gt: Array) -> None:
    with pytest.raises(ValueError, match=words):
        region.roi(gt)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 99}, "is of version 99; this program reads up to 1"),
        ({"version": None}, "is no saved session"),
        ({"region__mode": "vyew"}, r"region\.mode: input should be 'view', 'box' or 'layer', got 'vyew'"),
        ({"region__begin": [0, 0]}, "region: needs both begin and end"),
        ({"region__colour": 1}, r"there is nothing called region\.colour"),
        ({"predictor": None}, "predictor is missing"),
        ({"predictor__scale_factr": 3}, "did you mean 'scale_factor'"),
        ({"predictor__kind": "distanc"}, "unknown predictor 'distanc'"),
        (
            {"display__camera": {"center": [0], "zoom": 0}},
            r"display\.camera\.zoom: input should be greater than 0, got 0",
        ),
        ({"data__ground_truth": {}}, "needs a path, or the name of a layer"),
        ({"display__point": [float("inf")]}, "finite number"),
        ({"review": [{"finding": "zero-weight", "state": "good"}]}, r"review\.0\."),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = written(tmp_path / "broken.yaml", **changes)
    with pytest.raises(ValueError, match=rf"broken\.yaml.*{words}"):
        load_session(path)


def test_what_is_no_yaml_or_not_there_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [", "utf-8")
    with pytest.raises(ValueError, match=r"a\.yaml is not valid YAML at line"):
        load_session(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not text in UTF-8"):
        load_session(tmp_path / "a.yaml")
    with pytest.raises(FileNotFoundError, match=r"b\.yaml is not there"):
        load_session(tmp_path / "b.yaml")


def test_data_that_never_were_in_a_file_say_so(tmp_path: Path) -> None:
    session = Session(data=Data(ground_truth=Origin(layer="painted")), predictor=CONFIG)
    with pytest.raises(ValueError, match=r"the ground truth was the layer 'painted', which never was in a file"):
        session.opened()


def test_what_was_there_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_session(tmp_path / "a.yaml", session_of(tmp_path))
    before = path.read_text("utf-8")

    def fail(*_args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_session(path, session_of(tmp_path, notes="new"))
    assert path.read_text("utf-8") == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.yaml"]
