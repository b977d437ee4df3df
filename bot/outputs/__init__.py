"""From a Report to one text each. Pure: no output decides, fetches or posts anything."""
