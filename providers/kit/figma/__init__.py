"""The parts of the Figma provider."""
