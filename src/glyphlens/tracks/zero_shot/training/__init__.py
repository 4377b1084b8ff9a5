"""How pictures and descriptions are aligned: batches, the loss, what validation asks."""
