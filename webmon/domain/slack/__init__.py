"""What people write to `/webmon` in Slack, and how it is answered. Pure."""
