"""How well lines are read: scores, slices, kinds of errors, the page, the release."""
