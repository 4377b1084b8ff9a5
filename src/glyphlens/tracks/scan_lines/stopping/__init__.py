"""When to stop reading: thresholds proposed on validation, tested on groups of their own."""
