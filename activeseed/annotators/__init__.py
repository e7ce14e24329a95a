"""Channels to humans: simulated, the terminal, files. Import the one you need; heavy ones load late."""
