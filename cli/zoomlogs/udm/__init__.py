"""What Google SecOps will make of Zoom's records: a preview of the UDM events, by the published mapping.

`mapping` is the table, `detail` takes operation_detail apart, `events` puts an event together, `inputs` finds the
sources that are named, `s3` those on S3, `sources` reads records from them, `coverage` counts what comes out, and
`command` is `zoomlogs udm`.
"""
