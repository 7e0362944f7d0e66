"""Writes: plain functions (session, subject, …, *, now). The only places that change rows."""
