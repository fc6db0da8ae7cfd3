"""Messages of `tensorflow.core.example`: examples and their features."""
