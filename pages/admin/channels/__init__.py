"""The room "Channels": where news is sent, and what was delivered."""
