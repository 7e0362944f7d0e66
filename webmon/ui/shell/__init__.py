"""What stands around every page of the admin app."""
