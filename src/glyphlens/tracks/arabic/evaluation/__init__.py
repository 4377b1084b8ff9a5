"""Scores, slices and report of the exported recogniser."""
