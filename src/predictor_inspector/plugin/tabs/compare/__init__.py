"""Compare tab: two results side by side."""
