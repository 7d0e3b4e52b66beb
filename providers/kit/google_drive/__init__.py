"""The parts of the Google Drive provider."""
