"""An exported model opened, and what it is given to read."""
