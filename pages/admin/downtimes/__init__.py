"""The room "Planned downtime": what is planned, goes on and is over, and its editor."""
