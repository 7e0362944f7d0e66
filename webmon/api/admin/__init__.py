"""What the admin app fetches beside its event socket."""
