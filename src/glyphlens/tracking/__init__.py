"""Learning curves for DVC, runs for MLflow: the only package that knows the trackers."""
