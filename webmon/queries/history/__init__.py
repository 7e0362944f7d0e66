"""Uptime, response times and statistics over time."""
