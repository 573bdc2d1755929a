"""`make bench`: the collector's cost, compared with the written guide's loop in the same world."""
