"""Namespaces, hosts and services: what is watched."""
