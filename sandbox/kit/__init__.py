"""What every stand-in is made of: hosting, recording, faults, an OAuth 2.0 authorization server."""
