"""The addresses of rooms and of single things in them, within the admin app."""

import reflex as rx


def host_address(host_id: rx.Var[int]) -> rx.Var[str]:
    """The page of a host."""
    return rx.Var.create("/host/?id=") + host_id.to_string()


def service_address(service_id: rx.Var[int]) -> rx.Var[str]:
    """The page of a service."""
    return rx.Var.create("/service/?id=") + service_id.to_string()


def incident_address(incident_id: rx.Var[int]) -> rx.Var[str]:
    """The list of incidents, with this one opened."""
    return rx.Var.create("/incidents/?incident=") + incident_id.to_string()
