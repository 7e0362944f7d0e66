"""Namespaces, hosts and services as the admin app shows them."""
