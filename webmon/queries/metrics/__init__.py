"""What other programs read of everything that is watched: as JSON, and for Prometheus."""
