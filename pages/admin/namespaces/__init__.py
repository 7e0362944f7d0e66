"""The room "Namespaces": the groups of hosts."""
