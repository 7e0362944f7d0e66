"""The admin app: one page per module."""
