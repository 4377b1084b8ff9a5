"""The rendered stand-in for handwritten Japanese: simulated writers with KanjiVG's strokes, and deformed fonts."""
