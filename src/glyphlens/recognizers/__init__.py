"""The networks, one module each; they know nothing of files, stages or training."""
