"""What triggers do: one file for each type of action."""
