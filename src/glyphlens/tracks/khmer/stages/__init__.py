"""The stages of the Khmer track."""
