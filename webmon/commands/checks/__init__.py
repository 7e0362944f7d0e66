"""From a due check to a stored result and a status change."""
