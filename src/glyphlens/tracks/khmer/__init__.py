"""The Khmer track: printed lines of text, read as clusters in canonical order."""
