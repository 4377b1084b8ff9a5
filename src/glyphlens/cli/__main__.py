"""`python -m glyphlens.cli` is `glyphlens`."""

from glyphlens.cli import main

main()
