"""Users, sign-ins and passwords."""
