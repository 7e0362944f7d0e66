"""Addresses, connections, TLS and streams, below every socket probe."""
