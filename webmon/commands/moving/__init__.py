"""Move here from another monitor: read what it watches, and make the same here.

What cannot be carried is said, with the reason; nothing is guessed.
"""
