"""REST: what the app shows and changes, for programs with a key."""
