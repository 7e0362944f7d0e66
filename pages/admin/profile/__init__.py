"""The room "Profile": what people change about themselves."""
