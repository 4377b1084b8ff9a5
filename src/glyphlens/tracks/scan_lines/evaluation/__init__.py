"""What the exported recognisers are worth line by line, where they stop, and beside a baseline."""
