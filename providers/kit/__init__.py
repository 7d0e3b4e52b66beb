"""What every provider file is made of: manifest, credentials, the OAuth flow, the HTTP client, items and the errors.

A provider that is too much for one file has its parts here, in a folder or a module of its name.
"""
