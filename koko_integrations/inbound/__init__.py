"""Webhooks that providers send to Koko: where they arrive, what is kept of them, what follows, and who asks for it."""
