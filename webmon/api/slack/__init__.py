"""Slack: commands, and the buttons of alerts and answers."""
