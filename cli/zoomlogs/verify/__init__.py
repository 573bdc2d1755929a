"""`zoomlogs verify`: Zoom asked again, and held against the archive as multisets, date by date.

`asked` makes the dates, `looks` reads Zoom, `archive` reads the objects, `comparison` says what differs, and `verifier`
puts them together; `table`, `document` and `page` show it, `kept` writes the page, and `repair` asks for what is
missing.
"""
