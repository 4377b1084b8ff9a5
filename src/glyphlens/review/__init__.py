"""What a change moved, and whether dvc.lock fits the code: from what git has, without data."""
