"""The parts of the Trello provider."""
