"""What renders requests: at a provider, or on this machine."""
