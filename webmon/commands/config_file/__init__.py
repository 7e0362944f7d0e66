"""The YAML file: `webmon apply` and `webmon export`."""
