"""Where glyphs come from: font packages, font files, shaped outlines, glyphs.db."""
