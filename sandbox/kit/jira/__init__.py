"""The parts of the stand-in of Jira."""
