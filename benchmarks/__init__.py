"""Benchmarks of the hot paths, each a ratio against the straightforward way measured in the same run."""
