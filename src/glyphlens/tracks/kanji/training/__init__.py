"""Batches and training of one recogniser."""
