"""What the rooms of the admin app share: lists, rows, records."""
