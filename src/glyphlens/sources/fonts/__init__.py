"""Fonts as the world gives them: packages, files, and a process apart for those that break."""
