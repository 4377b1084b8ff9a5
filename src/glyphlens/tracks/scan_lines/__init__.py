"""Images that arrive line by line."""
