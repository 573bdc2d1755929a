"""`zoomlogs adopt`: prepares a set-up made by hand after the written guide for Terraform's import.

`steps` decides what to do, `move` does it, `reader` examines the feed's user, and `command` shows it.
"""
