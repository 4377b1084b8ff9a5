"""A trained recogniser of lines as files."""
