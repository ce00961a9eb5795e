"""The heavy work that costs no money, given to workers: jobs, what carries them out, and the queues between."""
