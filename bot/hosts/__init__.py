"""Where a change comes from, and where a review goes to."""
