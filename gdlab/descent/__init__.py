"""Descent: the loop, the order of mini-batches, schedules, stopping rules, and what is recorded on the way."""
