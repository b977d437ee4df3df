"""Triptych's knowledge of GitHub, git and the terminal; it drives `reviewers`."""
