"""What Zapier and Make do in Koko, with the key that connecting them issued."""
