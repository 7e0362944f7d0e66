"""The room "Incidents": open and past outages, and their updates."""
