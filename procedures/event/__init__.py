"""What happens in Koko, told by its own services."""
