"""Channels, deliveries and incidents as the admin app shows them."""
