"""`zoomlogs verify`: compares Zoom's report with the archive, and the archive with Google SecOps, date by date."""
