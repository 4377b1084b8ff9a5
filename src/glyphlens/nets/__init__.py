"""Parts that recognisers of every track are made of, and how a trained one is stored."""
