"""Two workers make the samples of a training, each with its own moving counts."""

from collections.abc import Iterator

import torch

from predictor_inspector.core import AffinitiesPredictor, ArraySpec
from predictor_inspector.core.ops import backend
from predictor_inspector.data import neurites

predictor = AffinitiesPredictor(neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
sample = neurites()


class Samples(torch.utils.data.IterableDataset):
    """Targets and weights at random places."""

    def __iter__(self) -> Iterator[tuple]:
        worker = torch.utils.data.get_worker_info()
        places = torch.Generator().manual_seed(worker.seed if worker else torch.initial_seed())
        counts = None  # each worker its own, afresh in every epoch
        for _ in range(4):
            begin = [int(torch.randint(8, n - 40, (1,), generator=places)) for n in sample.labels.shape]
            roi = sample.labels.roi_of([slice(b, b + 24) for b in begin])
            gt_roi = predictor.gt_region_for_roi(ArraySpec(roi, sample.labels.voxel_size)).roi
            gt, mask = sample.labels[gt_roi].to("cpu"), sample.annotated[gt_roi].to("cpu")
            target = predictor.create_target(gt)[roi]
            before = counts
            weight, counts = predictor.create_weight(gt, target, mask, before)
            # Counts of samples add up where they are collated, and so must be what this one has added.
            yield target.data, weight.data, counts - before if before else counts


if __name__ == "__main__":
    backend.warm_up(wait=True)  # once, before the workers are forked
    loader = torch.utils.data.DataLoader(Samples(), batch_size=2, num_workers=2)
    torch.manual_seed(0)
    for epoch in range(2):
        seen = sum(counts for _, _, counts in loader)
        print(f"epoch {epoch}: {seen.fractions[:, 1].tolist()} of all pairs are of one object")
