"""What the REST API shows: the same as the app, for the same people, in the file's words."""
