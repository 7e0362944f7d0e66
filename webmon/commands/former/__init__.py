"""What things were like before a change, and how they get that back."""
