"""What Google SecOps will make of Zoom's operation logs: a preview of the UDM events, by the published mapping table.

`mapping` is the table, `detail` takes operation_detail apart, `events` puts an event together, `sources` reads
records from anywhere, `coverage` counts what comes out, and `command` is `zoomlogs udm`.
"""
