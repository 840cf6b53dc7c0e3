"""Numbers tab: voxel values, histogram and objects."""
