"""The feed's access key in reader mode `user`: made in IAM, kept in Secrets Manager, shown nowhere."""
