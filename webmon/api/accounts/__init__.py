"""Signing in and out, and what people change about themselves."""
