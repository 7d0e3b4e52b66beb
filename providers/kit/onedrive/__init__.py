"""The parts of the OneDrive provider."""
