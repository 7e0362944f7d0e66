"""Backups: taken while everything runs, and put back so that nothing old is sent."""
