# A plan refuses a package that does not belong to its sources, and takes any that the caller brings.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  bucket = {
    name      = "zoom-operation-logs"
    arn       = "arn:aws:s3:::zoom-operation-logs"
    prefix    = "zoom/operationlogs/"
    state_key = "zoom/operationlogs-state/state.json"
  }
}

run "accepts_a_package_built_from_its_sources" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    lambda_directory = "tests/fixtures/packages/fresh"
  }

  assert {
    condition     = aws_lambda_function.collector.source_code_hash == base64sha256("zip")
    error_message = "the hash of the zip decides on an update"
  }
}

run "accepts_a_file_of_the_callers_unchecked" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    lambda_directory = "tests/fixtures/packages/edited_source"
    package          = { filename = "tests/fixtures/packages/other_zip/dist/collector.zip" }
  }

  assert {
    condition     = aws_lambda_function.collector.filename == "tests/fixtures/packages/other_zip/dist/collector.zip" && aws_lambda_function.collector.source_code_hash == base64sha256("another zip")
    error_message = "the caller's file runs"
  }
}

run "accepts_an_object_in_s3" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    lambda_directory = "tests/fixtures/packages/without_zip"
    package          = { s3_bucket = "packages", s3_key = "collector.zip", s3_object_version = "7", sha256 = "hash of the object" }
  }

  assert {
    condition     = aws_lambda_function.collector.s3_bucket == "packages" && aws_lambda_function.collector.s3_key == "collector.zip" && aws_lambda_function.collector.s3_object_version == "7"
    error_message = "the object in S3 runs"
  }

  assert {
    condition     = aws_lambda_function.collector.filename == null && aws_lambda_function.collector.source_code_hash == "hash of the object"
    error_message = "and no file; its hash decides on an update"
  }
}
