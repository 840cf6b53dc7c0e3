"""Findings tab: checks in the background, their findings and suggestions."""
