"""The Khmer track: lines of printed Khmer, from fonts and texts to a recogniser that reads pages."""
