"""The demo, and what the demo and the tests run the module with: Terraform, the AWS provider, a copy of the repository.

`make demo` runs `harness.demo`. The stand-ins for AWS, Lambda, Zoom and Google SecOps are in `standins`.
"""
