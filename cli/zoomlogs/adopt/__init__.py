"""Taking over a set-up made by hand after the written guide, up to where Terraform can import it.

`steps` decides what is left to do, `move` does it, `reader` looks at the feed's user, and `command` is the command.
"""
