"""The `integration.*` procedures of the Integrations API document."""
