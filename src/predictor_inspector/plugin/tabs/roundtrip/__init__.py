"""Tab of round trips: a decoder, scores, mistakes, and sweeps."""
