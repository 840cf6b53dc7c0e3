"""State without Qt: view, axes, resolved request and tile plan."""
