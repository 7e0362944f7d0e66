"""What probes over SSH share: client, session, fixed commands."""
