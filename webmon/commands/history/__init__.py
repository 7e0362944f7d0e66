"""What is kept of results: roll-ups, settled days, retention."""
