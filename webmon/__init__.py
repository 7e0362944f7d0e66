"""Beaconry: a web monitor and public status page."""
