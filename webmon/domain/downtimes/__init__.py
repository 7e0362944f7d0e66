"""Planned downtime: when it occurs, and what its life consists of. Pure."""
