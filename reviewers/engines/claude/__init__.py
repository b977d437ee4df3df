"""The Anthropic API, or anything that speaks it. `client` and `engine` alone import `anthropic`."""
