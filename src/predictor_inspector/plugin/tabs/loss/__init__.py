"""Loss tab: where the loss of a prediction is, and which of two predictions is better."""
