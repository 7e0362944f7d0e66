"""What everyone may see: the public page and its JSON."""
