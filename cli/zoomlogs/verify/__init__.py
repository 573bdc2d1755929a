"""`zoomlogs verify`: Zoom asked again, and held against the archive as multisets, date by date.

`report_reader` reads Zoom, `archive` reads the objects, `comparison` says what differs, and `verifier` puts them
together; `output` and `page` show it, `repair` asks for what is missing, and `command` is `zoomlogs verify`.
"""
