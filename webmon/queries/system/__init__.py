"""The state of the installation itself: health, schema, storage."""
