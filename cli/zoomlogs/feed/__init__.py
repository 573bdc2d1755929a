"""The feed in Google SecOps that reads the records, by the module's output `secops_feed`."""
