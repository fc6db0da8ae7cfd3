"""SavedModels: built, loaded and changed; see README.md."""
