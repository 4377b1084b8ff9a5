"""glyphlens: data-versioned recognition of written characters."""

__version__ = "0.1.0"
