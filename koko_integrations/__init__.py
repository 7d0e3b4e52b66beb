"""Koko's Integrations service: rows, secrets, policy. See README.md for the rooms of this house."""
