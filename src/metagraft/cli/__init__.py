"""The command `metagraft`: one module per command; see README.md."""
