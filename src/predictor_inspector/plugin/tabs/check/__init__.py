"""Check tab: findings in the region shown and in training samples, with their cures."""
