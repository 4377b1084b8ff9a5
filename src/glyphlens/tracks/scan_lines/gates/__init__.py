"""The gates of images that arrive line by line."""
