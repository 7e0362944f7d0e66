"""Rules about people: rights, sessions, keys, failed logins."""
