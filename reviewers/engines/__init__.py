"""How to look: with analysers (`static`, no key, no network) or with a model (`claude`)."""
