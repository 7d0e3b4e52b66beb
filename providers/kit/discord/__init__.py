"""The parts of Discord."""
