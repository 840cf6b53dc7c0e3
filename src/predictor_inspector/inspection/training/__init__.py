"""Training positions: sampling, survey and drift of class counts."""
