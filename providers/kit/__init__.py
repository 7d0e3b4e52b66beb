"""What every provider file is made of: manifest, credentials, the OAuth flow, the HTTP client and the errors."""
