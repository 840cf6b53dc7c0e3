"""Inspections as figures, for the eye and for print; matplotlib is loaded when one is drawn."""
