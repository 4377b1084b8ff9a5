"""The stages of images that arrive line by line."""
