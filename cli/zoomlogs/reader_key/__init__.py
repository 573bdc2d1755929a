"""The access key that the feed reads with in reader mode `user`: made in IAM, kept in Secrets Manager, shown nowhere."""
