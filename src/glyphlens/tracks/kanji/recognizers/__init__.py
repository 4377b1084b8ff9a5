"""Networks that read pictures or strokes of whole characters."""
