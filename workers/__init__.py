"""The worker process: claim what is due, look, record."""
