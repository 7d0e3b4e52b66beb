"""Synchronising: what providers have is pulled, what Koko's people say is pushed, and both stay in step."""
