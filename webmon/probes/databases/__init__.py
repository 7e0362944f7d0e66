"""What the database probes share."""
