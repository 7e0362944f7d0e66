"""The room "Activity": who did what."""
