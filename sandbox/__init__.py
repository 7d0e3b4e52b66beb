"""Loopback stand-ins of the outside providers, for the demo and the tests. The service never imports this."""
