"""Events of Koko: published by its services, kept, and handed to everything that wants to know."""
