"""The comparison of the exported recognisers, and the release."""
