"""Texts to draw: words, running text, numbers, Latin, each on one side of the split."""
