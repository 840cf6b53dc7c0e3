"""A small training pipeline with a mistake: it flips targets that it made before."""

import numpy as np
import torch

from predictor_inspector.data import neurites

OFFSETS = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


def affinities(labels):
    """1 where a voxel and the next one along z, y, x are of one object."""
    target = np.zeros((len(OFFSETS), *labels.shape), np.float32)
    for channel, axis in zip(target, range(3), strict=True):
        here = np.moveaxis(channel, axis, 0)
        ids = np.moveaxis(labels, axis, 0)
        here[:-1] = (ids[:-1] == ids[1:]) & (ids[:-1] > 0)
    return target


class Crops(torch.utils.data.Dataset):
    """Random crops, flipped along x in every second one."""

    def __init__(self, flip_last):
        sample = neurites()
        self.raw, self.labels = sample.raw.numpy(), sample.labels.numpy()
        self.flip_last = flip_last

    def __len__(self):
        return 8

    def __getitem__(self, index):
        random = np.random.default_rng(index)
        shape = (16, 64, 64)
        begin = [random.integers(n - s + 1) for n, s in zip(self.labels.shape, shape, strict=True)]
        crop = tuple(slice(b, b + s) for b, s in zip(begin, shape, strict=True))
        raw, labels = self.raw[crop][None] / np.float32(255), self.labels[crop].astype(np.int64)
        target = affinities(labels)
        if index % 2:
            raw, labels, target = (np.flip(a, -1).copy() for a in (raw, labels, target))
            if self.flip_last:
                target = affinities(labels)
        return {"raw": raw, "labels": labels, "target": target}


def flipped():
    """What is wrong: offsets along x point back where the crop was flipped."""
    return torch.utils.data.DataLoader(Crops(flip_last=False), batch_size=2)


def right():
    """Targets are made after all that moves labels."""
    return torch.utils.data.DataLoader(Crops(flip_last=True), batch_size=2, num_workers=2)
