"""The embedded AWS: moto keeps state, a gateway in front of it makes it behave like an account.

It knows nothing of the engine, which reaches it only through a URL and credentials.
"""
