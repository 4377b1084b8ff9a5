"""How well a recogniser reads what it has never seen: scores, slices, calibration, errors and a page on them."""
