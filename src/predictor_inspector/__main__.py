"""``python -m predictor_inspector``: the command line."""

import sys

from predictor_inspector.cli import main

if __name__ == "__main__":
    sys.exit(main())
