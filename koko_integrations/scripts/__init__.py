"""Scripts that users wrote, run where they can harm nothing. Knows nothing of integrations."""
