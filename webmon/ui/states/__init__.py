"""Whose state it is that the server keeps for a tab, and who may call it."""
