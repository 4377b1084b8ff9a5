"""The stages of the track, one module each."""
