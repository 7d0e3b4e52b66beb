"""Automation: what teams want done when something happens in Koko, and whether, when and how it was."""
