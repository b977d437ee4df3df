"""Triptych's knowledge of code review: what to look for, how to look, how to agree. Knows no GitHub."""
