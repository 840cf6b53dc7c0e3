"""Survey tab: findings over training positions."""
