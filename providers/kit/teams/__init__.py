"""The parts of Microsoft Teams."""
