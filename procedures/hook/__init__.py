"""What Zapier and Make call, with the Koko API key that connecting them issued."""
