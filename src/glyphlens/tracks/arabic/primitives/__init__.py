"""The visual alphabet: cells of glyphs, clustered."""
