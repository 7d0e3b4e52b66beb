"""Parts of Slack."""
