"""What does gradient descent actually do? A NumPy trainer in which rows are runs."""

__version__ = "0.1.0"
