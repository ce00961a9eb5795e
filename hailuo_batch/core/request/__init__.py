"""What is asked for one take, neutral of provider, and its fingerprint."""
