"""What every stand-in is made of: hosting, recording, faults, an OAuth 2.0 authorization server, work and files.

A stand-in that is too much for one file has its parts here, in a folder or a module of its name.
"""
