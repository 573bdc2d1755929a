"""`zoomlogs status`: the collector's checkpoint in words. `stored` reads it, `facts` says what it means."""
