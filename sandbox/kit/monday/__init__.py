"""The parts of the stand-in of monday.com."""
