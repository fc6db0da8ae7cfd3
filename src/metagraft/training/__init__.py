"""Training: savers and checkpoints, optimizers, coordination."""
