"""The room "Settings": what counts for the whole installation."""
