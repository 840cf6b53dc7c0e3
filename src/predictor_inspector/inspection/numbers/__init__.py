"""Values of single voxels, histograms and sums per object."""
