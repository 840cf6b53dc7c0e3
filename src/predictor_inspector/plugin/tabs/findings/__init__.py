"""Findings and suggestions in the dock: looked for in the background, listed, and shown where they are."""
