"""`make bench`: what the collector costs, measured beside the written guide's loop in the same world."""
