"""Networks that read a line."""
