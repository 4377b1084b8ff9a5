"""What a character is made of, in words: strokes and components, from KanjiVG, an SVG file or an IDS."""
