"""What is sent of events: signed webhooks, and messages to channels."""
