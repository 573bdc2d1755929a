"""Taking over a set-up made by hand after the written guide, up to where Terraform can import it.

`move` decides and does the steps, `reader` looks at the feed's user, `rights` says what they need, and `command` is
`zoomlogs adopt`.
"""
