"""The parts of the Dropbox provider."""
