"""Japanese characters, handwritten or rendered."""
