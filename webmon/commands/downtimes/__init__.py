"""Plan downtime, change it, and take it through its life."""
