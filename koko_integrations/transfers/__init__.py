"""Files from providers into Koko, and from Koko to providers."""
