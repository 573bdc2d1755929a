"""`zoomlogs udm`: records as UDM events, by the published mapping table.

`inputs` finds the sources that are named, `s3` those on S3, `sources` reads records from them, `coverage` counts what
comes out, `tables` shows events to people, and `command` is `zoomlogs udm`.
"""
