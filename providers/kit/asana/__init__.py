"""The parts of Asana."""
