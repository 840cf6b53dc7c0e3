"""Form widgets made from parameter definitions."""
