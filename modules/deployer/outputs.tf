output "policies" {
  description = "The IAM policies, as JSON documents by purpose (`archive`, `collector`, `roles`, `reader`, `monitoring`, `tags`): each is small enough for a managed policy. The identity that runs `terraform apply` needs all of them."
  value       = local.policies
}
