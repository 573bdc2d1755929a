"""The feed in Google SecOps that reads the records: as the module's output `secops_feed` wants it."""
