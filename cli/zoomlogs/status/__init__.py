"""`zoomlogs status`: the collector's checkpoint in words. `stored` reads it, `summary` says what it means."""
