"""The operator's one-shot commands, on PyGithub: never imported by the server's event loop."""
