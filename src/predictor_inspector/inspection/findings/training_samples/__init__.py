"""Checks of training samples: raw data, labels and targets as a pipeline gives them."""
