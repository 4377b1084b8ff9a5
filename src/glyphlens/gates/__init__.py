"""What must hold between two stages: checks with an id, a rationale and a limit."""
