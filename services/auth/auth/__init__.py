"""The auth service: who people are, on which devices they are signed in, and the keys that prove it."""
