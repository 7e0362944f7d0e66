"""From a status change to a message in the outbox, and what became of it."""
