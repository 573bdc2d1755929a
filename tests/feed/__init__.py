"""The feed in Google SecOps, the reader's access key and Zoom's secret, as an operator works on them."""
