"""Tabs of the dock: one folder each."""
