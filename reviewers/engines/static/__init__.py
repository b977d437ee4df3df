"""Analysers on renamed copies in a sandbox: evidence without a model."""
