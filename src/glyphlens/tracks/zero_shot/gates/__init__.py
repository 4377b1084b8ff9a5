"""Gates between the stages of the zero-shot track."""
