"""How things look: statuses, bars, charts, instants."""
