"""The parts of the Jira provider."""
