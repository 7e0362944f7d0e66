"""What everyone may see: pages, JSON, badges, calendar."""
