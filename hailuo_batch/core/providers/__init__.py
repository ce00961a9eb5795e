"""What providers offer, and how a shot fits that."""
