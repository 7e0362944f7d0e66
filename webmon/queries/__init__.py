"""Reads: plain functions that return frozen View dataclasses."""
