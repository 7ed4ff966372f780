"""From tracked runs to tidy frames, figures and the report."""
