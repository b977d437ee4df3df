"""The pattern: findings about a change, calls fanned out, outcomes aggregated. Standard library only.

Read `finding`, `fanout` and `aggregate` first.
"""
