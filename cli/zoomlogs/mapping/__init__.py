"""The published mapping of Zoom's operation logs to UDM, as a preview of what Google SecOps will make of them.

`rows` is the table, `detail` takes operation_detail apart, and `events` puts an event together, of UDM's `event_types`.
"""
