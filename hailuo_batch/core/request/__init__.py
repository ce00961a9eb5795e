"""The request of one take, independent of any provider, and its fingerprint."""
