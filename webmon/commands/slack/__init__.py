"""What is done from Slack: by the same commands as in the app, by the account that is linked."""
