"""See exactly what your segmentation network is trained on."""

__version__ = "0.1.0"
