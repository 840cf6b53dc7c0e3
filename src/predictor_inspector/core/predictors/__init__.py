"""The built-in predictors, one file each."""
