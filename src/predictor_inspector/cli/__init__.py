"""The command ``predictor-inspector``: the same inspections without a screen.

Nothing heavy is imported before a command needs it, so that ``--help`` answers at once.
"""

from predictor_inspector.cli.program import main

__all__ = ["main"]
