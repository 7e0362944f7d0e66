"""The room "Dashboard": what is wrong now, how everything was, how the monitor itself is."""
