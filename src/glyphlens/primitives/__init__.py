"""The visual alphabet: 8×8 cells as 64-bit words, their codebook and its picture."""
