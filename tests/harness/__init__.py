"""What the demo and the tests run the module with: Terraform, the provider that it needs, and a copy of the repository.

`make demo` runs `harness.demo`. The stand-ins for AWS, Lambda and Zoom are beside it, in `standins`.
"""
