"""The pages of both sites, one module each."""
