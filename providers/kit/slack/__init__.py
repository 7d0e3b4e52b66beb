"""The parts of Slack."""
