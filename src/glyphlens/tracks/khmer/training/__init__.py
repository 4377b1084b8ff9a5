"""Tokens, batches, losses and decoders of a training on lines."""
