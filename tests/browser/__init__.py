"""The pages as people meet them: in a real browser, Debian's Chromium, driven by Playwright."""
