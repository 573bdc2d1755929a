"""The operator's command line of the Zoom operation-log collector."""
