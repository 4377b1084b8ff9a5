"""Sample sets: what producers hand over, how it is stored and how it is split."""
