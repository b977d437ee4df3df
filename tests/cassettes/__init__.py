"""Recorded traffic of real client libraries, and the script that records it."""
