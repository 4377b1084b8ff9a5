"""The one training loop: batches by step, task, losses, schedules, checkpoints."""
