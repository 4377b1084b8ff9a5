"""Outlines, pixels and what lies between them."""
