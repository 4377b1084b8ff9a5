"""What the exported files are worth on characters and hands never seen, beside controls and a baseline."""
