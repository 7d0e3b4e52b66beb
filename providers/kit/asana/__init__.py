"""Parts of Asana."""
