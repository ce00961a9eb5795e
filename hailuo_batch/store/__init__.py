"""The clips by digest, and the readable names linked from them."""
