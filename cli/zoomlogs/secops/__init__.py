"""What Google SecOps says of the records: its events, its raw logs, its parser.

`session` sends signed requests, `search` finds events and raw logs, `identity` names the record of an event,
`matching` holds the events of a date against the records of the archive, `check` does so for many dates, and
`parser` runs the tenant's parser. Only methods that read are called.
"""
