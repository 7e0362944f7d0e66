"""The room "Move here": what another monitor watches is carried over, after a look at it."""
