"""What asks a provider for a video."""
