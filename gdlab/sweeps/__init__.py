"""Sweeps: from configurations to stacks, trained in worker processes, each run tracked."""
