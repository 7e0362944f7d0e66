"""The room "Hosts": the list of hosts and services, edited in place."""
