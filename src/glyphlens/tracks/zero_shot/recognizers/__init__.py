"""The network that brings pictures and descriptions of characters into one space."""
