"""Which characters are seen, which are not, and the pictures of both."""
