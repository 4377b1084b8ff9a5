"""The gates of the Khmer track."""
