"""Which of Koko's values goes into which field of the tasks at a provider, and what becomes of it on the way."""
