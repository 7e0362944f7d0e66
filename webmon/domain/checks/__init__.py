"""Rules about observations: what one means, when the next is due."""
