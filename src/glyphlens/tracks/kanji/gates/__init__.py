"""What is checked between the track's stages."""
