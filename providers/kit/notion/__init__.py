"""The parts of the Notion provider."""
