"""The page of one host: its services, how it was, and what its machine says."""
