"""Drawing: a frame in, a matplotlib Figure out."""
