"""When to submit and when to poll: rates, the circuit breaker, schedules, ETA."""
