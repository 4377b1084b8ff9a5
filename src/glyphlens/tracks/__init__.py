"""One package per track; a track imports the library and never another track."""
