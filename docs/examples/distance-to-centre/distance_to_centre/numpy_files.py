"""A file format: arrays in NumPy's own files, in pixels."""

import numpy as np

from predictor_inspector.data import Format, StoredArray, guess_kind, pixel_array


class NumpyFiles(Format):
    """Files with one array each, without a channel axis."""

    suffixes = (".npy",)

    def arrays(self, container, location=""):
        """The only array, whose values stay in the file until they are sliced."""
        data = np.load(container, mmap_mode="r")
        return [StoredArray("", pixel_array(data, data.ndim), guess_kind(container.stem, data.dtype))]


NUMPY_FILES = NumpyFiles()
