"""Forms: their fields as values, how they look, what is typed."""
