"""Some steps of a training whose samples two workers make."""

import numpy as np
import torch

from predictor_inspector.core import UNet, predictor_from_yaml
from predictor_inspector.core.ops import backend
from predictor_inspector.data import neurites  # or open_source, of files
from predictor_inspector.inspection import PredictorDataset, Source

EXPORTED = """
kind: affinities
neighborhood: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
lsds: false
"""  # what the dock exports: open("predictor.yaml").read()


def flip(raw, labels, mask, random):
    """Change raw data, labels and mask together, before targets are made."""
    axes = [axis for axis in (1, 2) if random.integers(2)]
    return tuple(np.flip(values, axes) for values in (raw, labels, mask))


if __name__ == "__main__":
    predictor = predictor_from_yaml(EXPORTED)
    model = predictor.create_model(UNet((20, 60, 60), 1, 8, 8, 2, downsample_factors=[(1, 2, 2)]))
    sample = neurites()
    source = Source(sample.labels, sample.annotated, sample.raw)
    samples = PredictorDataset(
        predictor, [source], model.output_shape, model.input_shape, length=8, annotated=0.5, augment=flip
    )
    backend.warm_up(wait=True)  # once, before the workers are forked
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    seen = None
    for epoch in range(2):
        samples.set_epoch(epoch)
        for batch in torch.utils.data.DataLoader(samples, batch_size=2, num_workers=2):
            prediction = model(batch["raw"].float() / 255)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(prediction, batch["target"], batch["weight"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen = batch["counts"] + seen if seen else batch["counts"]
        print(f"epoch {epoch}: loss {loss.item():.3f}; affinities of 1: {seen.fractions[:, 1].tolist()}")
