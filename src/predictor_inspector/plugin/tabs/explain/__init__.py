"""Explain tab: where a voxel's target and weight come from."""
