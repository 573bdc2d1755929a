"""`zoomlogs verify`: Zoom asked again, and held against the archive as multisets, date by date.

`date_args` makes the dates, `report_reader` reads Zoom, `archive` reads the objects, `comparison` says what differs,
and `verifier` puts them together; `table`, `document` and `page` show it, `page_file` writes the page, and `repair`
asks for what is missing.
"""
