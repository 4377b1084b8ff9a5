"""Records and stand-in to one sample set."""
