"""Take the documentation's pictures of the window: `make screenshots`.

Drives the plugin as a person would, in a real napari window on whatever screen there is, and writes PNGs to
docs/images. The sample data are the same every time, and so are the pictures, but for the timings in the dock.

    python scripts/screenshots.py [NAME …]      only these: window, affinities, lsds, distances, …
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from funlib.geometry import Coordinate, Roi
from qtpy.QtWidgets import QLineEdit, QPushButton, QScrollArea, QSpinBox
from stage import IMAGES, Stage

from predictor_inspector.core import UNetConfig
from predictor_inspector.core.ops import backend
from predictor_inspector.inspection.findings.review import Review
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.model.predictions import ModelChoice, ModelPrediction
from predictor_inspector.plugin.samples import DEMO_CONFIG, cell_layers, neurite_layers

SLICE = 30
MIDDLE = Roi((SLICE * 20, 64 * 8, 40 * 8), (20, 128 * 8, 128 * 8))
NEAREST = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
LONG = [*NEAREST, [0, -12, 0], [0, 0, -12]]
OVERVIEW = (SLICE * 20.0, 1024.0, 900.0), 0.4
MODEL = """
import torch

def dark_is_boundary(raw):
    smooth = torch.nn.functional.avg_pool3d(raw, (1, 5, 5), stride=1)
    return torch.sigmoid(14 * (smooth - 0.35)).expand(-1, 3, -1, -1, -1)
"""


def take_window(stage: Stage) -> None:
    """The whole window, with what the demo shows: affinities in a pinned box."""
    stage.frame(layer_list=True)
    stage.predict(view="target RGB", **DEMO_CONFIG)
    stage.wait_until(lambda: not backend.waiting_for())
    stage.photograph("window")
    stage.frame(layer_list=False)


def take_affinities(stage: Stage) -> None:
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=False)
    stage.photograph("affinities")
    stage.photograph_dock("dock_data", "Data")
    stage.photograph_dock("dock_predictor", "Predictor")
    stage.photograph_dock("dock_region", "Region")
    stage.photograph_dock("dock_compute", "As the trainer does it", "Computation")


def take_lsds(stage: Stage) -> None:
    stage.predict("affinities", neighborhood=NEAREST, lsds=True, num_voxels=5)
    stage.channel(5)
    stage.photograph("lsds")


def take_distances(stage: Stage) -> None:
    stage.predict("distance", channels=["neurites"], scale_factor=60, mask_distances=True)
    stage.photograph("distance")
    stage.predict(
        "hot_distance", "organelles", channels=["mitochondria", "vesicles"], scale_factor=60, mask_distances=True
    )
    stage.channel(2)
    stage.photograph("hot_distance")
    stage.predict("inner_distance", channels=["neurites"], scale_factor=60)
    stage.photograph("inner_distance")


def take_boundary(stage: Stage) -> None:
    stage.predict("boundary", thickness=[0, 1, 1])
    stage.photograph("boundary")


def take_weights(stage: Stage) -> None:
    """Weights at the border of what is annotated: the distance mask."""
    stage.box(Roi(MIDDLE.begin + Coordinate(0, 0, 50 * 8), MIDDLE.shape))
    stage.predict("distance", view="weight", channels=["neurites"], scale_factor=60, mask_distances=True)
    stage.photograph("weights")
    stage.box(MIDDLE)


def take_one_hot(stage: Stage) -> None:
    """A semantic segmentation, made of what the sample has: ids are classes."""
    neurites, organelles = (stage.viewer.layers[name] for name in ("labels", "organelles"))
    classes = np.where(organelles.data[0] > 0, 2, np.where(organelles.data[1] > 0, 3, neurites.data > 0)).astype(
        np.uint8
    )
    stage.viewer.add_labels(
        classes,
        name="classes",
        scale=neurites.scale,
        translate=neurites.translate,
        units=neurites.units,
        axis_labels=neurites.axis_labels,
        visible=False,
    )
    stage.predict("one_hot", "classes", "target RGB", classes=["outside", "cytoplasm", "mitochondrion", "vesicle"])
    stage.photograph("one_hot")


def take_beyond(stage: Stage) -> None:
    """Context that reaches beyond the data."""
    stage.box(Roi((SLICE * 20, 0, 40 * 8), (20, 96 * 8, 96 * 8)))
    stage.look((SLICE * 20.0, 420.0, 760.0), 0.42)
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=True, num_voxels=3)
    stage.photograph("beyond")
    stage.look(*OVERVIEW)
    stage.box(MIDDLE)


def take_findings(stage: Stage) -> None:
    """A false boundary at the end of the annotation, with what to do about it."""
    stage.box(Roi(MIDDLE.begin + Coordinate(0, 0, 76 * 8), MIDDLE.shape))
    stage.tab("Check")
    stage.predict("affinities", view="weight", neighborhood=LONG, lsds=False, mask_pairs=False)
    stage.viewer.layers[layer_name("weight")].contrast_limits = (0, 5)
    tab = stage.widget.tabs["check"].region
    tab.choose(next(f for f in tab.findings if f.channels == ("aff x+1",)))
    stage.photograph("findings")
    tab.choose(None)
    stage.tab("Setup")
    stage.box(MIDDLE)
    stage.look(*OVERVIEW)


def take_review(stage: Stage) -> None:
    """Findings that are being worked off."""
    stage.box(Roi(MIDDLE.begin + Coordinate(0, 0, 76 * 8), MIDDLE.shape))
    stage.tab("Check")
    stage.predict("affinities", view="weight", neighborhood=LONG, lsds=False, mask_pairs=False)
    stage.viewer.layers[layer_name("weight")].contrast_limits = (0, 5)
    found = stage.widget.tabs["check"].region.list
    for state in ("fine", "to fix"):
        found.step(1)
        found.judge(found.chosen, state)
    found.step(1)
    stage.photograph("review")
    found.choose(None)
    stage.widget.settings.review = Review()
    stage.tab("Setup")
    stage.box(MIDDLE)
    stage.look(*OVERVIEW)


def take_reasons(stage: Stage) -> None:
    """Why values have no weight."""
    stage.box(Roi(MIDDLE.begin + Coordinate(0, 0, 76 * 8), MIDDLE.shape))
    stage.look((SLICE * 20.0, 1024.0, 1400.0), 0.4)
    stage.predict("distance", view="weight", channels=["neurites"], scale_factor=60, mask_distances=True)
    stage.tab("Check")
    stage.widget.tabs["check"].region.shows_reasons = True
    stage.photograph("reasons")
    stage.widget.tabs["check"].region.shows_reasons = False
    stage.tab("Setup")
    stage.box(MIDDLE)
    stage.look(*OVERVIEW)


def take_explain(stage: Stage) -> None:
    """Why a value is what it is, for the three kinds of target that are asked about most."""
    stage.tab("Voxel")
    stage.look((SLICE * 20.0, 1140.0, 790.0), 1.3)
    stage.predict("affinities", neighborhood=LONG, lsds=False)
    stage.channel(4)
    stage.click_on((1156.0, 820.0))
    stage.photograph("explain_affinity")
    stage.look((SLICE * 20.0, 900.0, 860.0), 0.9)
    stage.predict("distance", channels=["neurites"], scale_factor=60, mask_distances=True)
    stage.click_on((940.0, 900.0))
    stage.photograph("explain_distance")
    stage.look((SLICE * 20.0, 960.0, 930.0), 0.7)
    stage.predict("affinities", neighborhood=NEAREST, lsds=True, num_voxels=5)
    stage.channel(5)
    stage.click_on((940.0, 900.0))
    stage.photograph("explain_lsds")
    stage.widget.tabs["voxel"].clear()
    stage.tab("Setup")
    stage.look(*OVERVIEW)


def take_numbers(stage: Stage) -> None:
    """All channels, and how often which value occurs."""
    stage.predict("distance", channels=["neurites"], scale_factor=60, mask_distances=True)
    stage.tab("Statistics")
    stage.photograph_tab("numbers", "Statistics")
    stage.tab("Setup")


def take_compare(stage: Stage) -> None:
    """Two scale factors side by side."""
    stage.tab("Compare")
    stage.predict("distance", channels=["neurites"], scale_factor=40, mask_distances=True)
    comparer = stage.widget.tabs["compare"].comparer
    comparer.keep()
    stage.predict("distance", channels=["neurites"], scale_factor=120, mask_distances=True)
    comparer.mode = "side"
    stage.photograph("compare")
    comparer.mode = "difference"
    stage.photograph("compare_difference")
    comparer.drop()
    stage.tab("Setup")
    stage.look(*OVERVIEW)


def take_round_trip(stage: Stage) -> None:
    """What a watershed of distances gets back, and a sweep of its seeds."""
    stage.box(Roi((10 * 20, 64 * 8, 40 * 8), (32 * 20, 128 * 8, 128 * 8)))
    stage.predict("distance", channels=["neurites"], scale_factor=60, mask_distances=True)
    stage.tab("Round trip")
    trip = stage.widget.tabs["round_trip"]
    trip.panel.choose({"kind": "watershed"})
    stage.settle()
    trip.findChild(QLineEdit, "sweep values").setText("20:200:10")
    trip.sweeps.start()
    stage.settle()
    area = trip.findChild(QScrollArea)
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    stage.photograph("round_trip")
    stage.box(MIDDLE)
    stage.tab("Setup")
    stage.look(*OVERVIEW)


def take_loss(stage: Stage) -> None:
    """Where the loss of a model is that takes dark voxels for boundaries."""
    stage.box(Roi(MIDDLE.begin + Coordinate(0, 0, 76 * 8), MIDDLE.shape))
    stage.look((SLICE * 20.0, 1024.0, 1400.0), 0.4)
    stage.predict("affinities", neighborhood=NEAREST, lsds=False)
    stage.tab("Loss")
    derived = stage.widget.context.derived
    with TemporaryDirectory() as folder, chdir(folder):
        Path("nets.py").write_text(MODEL)
        derived.prediction = ModelPrediction(ModelChoice("nets.py:dark_is_boundary"))
        stage.widget.findChild(QPushButton, "prediction model run").click()
        stage.photograph("loss")
    derived.prediction = None
    stage.tab("Setup")
    stage.box(MIDDLE)
    stage.look(*OVERVIEW)


def take_survey(stage: Stage) -> None:
    """What comes up at twenty places that training may look at, and how the weights settle."""
    stage.predict("affinities", neighborhood=LONG, lsds=False, mask_pairs=False)
    stage.tab("Check")
    stage.widget.tabs["check"].scope = "samples"
    survey = stage.widget.tabs["check"].samples
    survey.findChild(QLineEdit, "samples size").setText("20, 96, 96")
    survey.findChild(QSpinBox, "samples annotated").setValue(50)
    survey.start()
    stage.photograph_tab("survey", "Check", height=660)
    stage.tab("Setup")


def take_tiles(stage: Stage) -> None:
    """All of the volume within little memory, when some tiles are done."""
    stage.look((SLICE * 20.0, 1024.0, 1024.0), 0.33)
    stage.widget.live = False
    stage.widget.config = {"kind": "affinities", "neighborhood": NEAREST, "lsds": True, "num_voxels": 3}
    stage.widget.memory = "90 MB"
    stage.widget.region_mode = "layer"
    stage.settle()
    stage.widget.compute()
    stage.widget.look_at("target RGB")
    tiling = stage.widget.controller.tiling
    stage.wait_until(lambda: tiling.run is not None and 10 * tiling.run.so_far.targets >= tiling.run.so_far.tiles)
    stage.photograph("tiles", at_rest=False)
    stage.widget.cancel()
    stage.settle()
    stage.widget.memory = "auto"
    stage.box(MIDDLE)
    stage.widget.live = True
    stage.look(*OVERVIEW)


def take_too_large(stage: Stage) -> None:
    """A region that is more than is computed at once: an offer."""
    stage.widget.live = False
    long_range = [[d * n for n in offset] for d in (1, 3, 9) for offset in NEAREST]
    stage.widget.config = {"kind": "affinities", "neighborhood": long_range, "lsds": True, "num_voxels": 5}
    stage.widget.memory = "1 GB"
    stage.widget.region_mode = "layer"
    stage.settle()
    stage.photograph_dock("too_large", "Region")
    stage.widget.memory = "auto"
    stage.box(MIDDLE)
    stage.widget.live = True


def take_error(stage: Stage) -> None:
    """Something is wrong, and the dock says what."""
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=False)
    stage.widget.gt_layer = stage.viewer.layers["organelles"]
    stage.photograph("error")


def take_network(stage: Stage) -> None:
    """A network in the setup tab, and its boxes about a box as large as its output."""
    settings, flat = stage.widget.settings, ((1, 3, 3), (1, 3, 3))
    stage.predict("affinities", view="target RGB", neighborhood=[*NEAREST, [0, 0, 40]], lsds=False)
    folded = [stage.section(title) for title in ("Data", "Predictor")]
    network = stage.section("Network: none")
    for section in (*folded, network):
        section.button.click()
    settings.network = UNetConfig(
        input_shape=(20, 132, 132),
        fmap_inc_factor=5,
        fmaps_out=12,
        downsample_factors=((1, 2, 2), (1, 2, 2)),
        kernel_size_down=(flat, ((1, 3, 3), (3, 3, 3)), (3, 3)),
        kernel_size_up=(flat, ((1, 3, 3), (3, 3, 3))),
    )
    stage.settle()
    settings.network_boxes = True
    stage.widget.findChild(QPushButton, "network_box").click()
    stage.wait_until(lambda: not backend.waiting_for())
    stage.photograph("network")
    settings.network, settings.network_boxes = None, False
    for section in (*folded, network):
        section.button.click()
    stage.box(MIDDLE)


def take_light(stage: Stage) -> None:
    stage.viewer.theme = "light"
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=False)
    stage.photograph("light")
    stage.viewer.theme = "dark"


def take_three_d(stage: Stage) -> None:
    """The box and its context as volumes."""
    stage.box(Roi((20 * 20, 64 * 8, 40 * 8), (24 * 20, 96 * 8, 96 * 8)))
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=True, num_voxels=3)
    for name in ("labels", "raw"):
        stage.viewer.layers[name].visible = False
    stage.viewer.dims.ndisplay = 3
    stage.viewer.scene.camera.angles = (12, 32, 62)
    stage.look((640.0, 896.0, 704.0), 0.42)
    stage.photograph("three_d")


def take_nuclei(stage: Stage) -> None:
    stage.look((256.0, 256.0), 2.2)
    stage.predict("distance", channels=["nuclei"], scale_factor=6, mask_distances=True)
    stage.photograph("nuclei")


def take_cellpose_flows(stage: Stage) -> None:
    stage.look((256.0, 256.0), 2.2)
    stage.predict("cellpose_flows", view="target RGB", dims=2, max_diameter=30)
    stage.photograph("cellpose_flows")


NEURITES: tuple[Callable[[Stage], None], ...] = (
    take_window,
    take_affinities,
    take_lsds,
    take_distances,
    take_boundary,
    take_weights,
    take_one_hot,
    take_beyond,
    take_findings,
    take_review,
    take_reasons,
    take_explain,
    take_numbers,
    take_compare,
    take_round_trip,
    take_loss,
    take_survey,
    take_tiles,
    take_too_large,
    take_error,
    take_light,
    take_network,
    take_three_d,  # last, since it leaves the view turned
)


NUCLEI: tuple[Callable[[Stage], None], ...] = (take_nuclei, take_cellpose_flows)


def main(wanted: list[str]) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)

    def chosen(takes: tuple[Callable[[Stage], None], ...]) -> list[Callable[[Stage], None]]:
        return [take for take in takes if not wanted or take.__name__.removeprefix("take_") in wanted]

    if chosen(NEURITES):
        stage = Stage(neurite_layers(), mask="annotated")
        stage.look(*OVERVIEW, z=SLICE * 20 + 10)
        stage.box(MIDDLE)
        for take in chosen(NEURITES):
            take(stage)
        stage.close()
    if chosen(NUCLEI):
        stage = Stage(cell_layers())
        for take in chosen(NUCLEI):
            take(stage)
        stage.close()


if __name__ == "__main__":
    main(sys.argv[1:])
