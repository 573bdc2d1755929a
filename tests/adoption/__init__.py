"""A set-up made by hand after the written guide, taken over by `zoomlogs adopt` and examples/adopt-console-setup."""
