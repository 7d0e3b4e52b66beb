"""The parts of the S3 provider."""
