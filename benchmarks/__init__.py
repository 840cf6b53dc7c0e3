"""How fast the operations and predictors are, beside what else computes the same: ``python -m benchmarks --help``."""

import os

# torch's threads wait for each other by spinning; on a machine that does anything else, all then stand still for seconds.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
