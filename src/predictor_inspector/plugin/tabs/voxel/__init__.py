"""Voxel tab: the values of the voxel under the mouse, and where they come from."""
