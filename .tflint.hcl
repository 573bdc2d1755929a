# tflint --recursive --config "$PWD/.tflint.hcl"

config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# No plugin "aws": it would have to be downloaded, it calls a runtime unknown until it has learnt of it, and what it
# finds (a name or an ARN that AWS refuses) is refused here by each input's validation, with a sentence.
