"""The public pages: no state, plain elements only."""
