"""The parts of the monday.com provider."""
