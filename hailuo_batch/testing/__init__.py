"""What tests of ours, and of authors of providers, stand on."""
