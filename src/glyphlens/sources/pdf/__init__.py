"""PDF files: the fonts in them, which codes are shown with them, and what maps these to text."""
