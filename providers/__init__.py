"""The outside services, one file each. See `providers.kit` for what a provider file is made of."""
