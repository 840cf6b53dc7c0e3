"""Numbers tab: values of the voxel under the mouse, histogram, and sums per object."""
