"""How fast the operations and predictors are, beside what else computes the same: ``python -m benchmarks --help``."""
