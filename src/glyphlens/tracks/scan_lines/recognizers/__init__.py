"""Networks that read scans line by line."""
