"""The zero-shot track: kanji never seen in training, read from their strokes and components alone."""
