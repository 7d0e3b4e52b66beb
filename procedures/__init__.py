"""The procedures, one file each. The name on the wire finds it: integration.getStatus is integration/get_status.py."""
