"""Results that several studies share: their figures with captions, tables and findings."""
