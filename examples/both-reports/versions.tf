terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, != 6.35.0, < 7.0" # of version 6, take 6.40 or later
    }
  }
}
