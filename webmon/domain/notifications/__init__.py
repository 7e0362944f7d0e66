"""Rules about telling: what is told, when, and in which words."""
