"""Takes over a set-up made by hand after the written guide, with `zoomlogs adopt` and examples/adopt-console-setup."""
