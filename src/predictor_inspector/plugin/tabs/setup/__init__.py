"""Setup tab: data, predictor, region and computation."""
