"""Arabic glyphs drawn from fonts."""
