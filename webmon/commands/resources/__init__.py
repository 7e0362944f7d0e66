"""What the REST API changes: its words and ids in, the same commands as the app below."""
