"""The published mapping of Zoom's operation logs to UDM: a preview of the events in Google SecOps."""
