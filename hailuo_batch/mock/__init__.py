"""The gateways on loopback: contracts and faults are pure values and functions, the server around them is thin."""
