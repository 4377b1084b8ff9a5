"""Checks that the gates of every track share, by what they look at: a sample set, trained networks, exported files."""
