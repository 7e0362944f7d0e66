"""What the pages of the public site share."""
