"""File formats: bytes to values and back."""
