"""Planned downtime: what is past, going on and to come, and what it covers."""
