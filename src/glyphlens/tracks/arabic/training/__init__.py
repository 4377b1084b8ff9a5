"""Batches, losses and labels of the glyph recognisers."""
