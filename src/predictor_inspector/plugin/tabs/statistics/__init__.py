"""Statistics tab: channels, histogram, sums per object, and weights over training samples."""
