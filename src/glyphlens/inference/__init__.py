"""The folder of an exported model: read, written, opened, and what it is given to read."""
