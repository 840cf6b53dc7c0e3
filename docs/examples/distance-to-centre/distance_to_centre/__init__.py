"""An example of a package that extends the predictor inspector."""
