"""Rules about time past: uptime, roll-ups, months."""
