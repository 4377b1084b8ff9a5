"""Fonts to labelled outlines, outlines to rasters."""
