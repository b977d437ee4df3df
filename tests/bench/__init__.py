"""Benchmarks: no tests. Each prints figures and ends; CONTRIBUTING says how they are run."""
