# Which code runs: the zip committed with this module unless the caller brings another. The committed one must belong
# to the sources beside it, or a plan would show infrastructure of today with code of yesterday.

locals {
  committed_zip  = "${var.lambda_directory}/dist/collector.zip"
  package_record = "${var.lambda_directory}/dist/collector.json"
  bring_your_own = var.package != null

  package = var.package != null ? var.package : {
    filename          = local.committed_zip
    s3_bucket         = null
    s3_key            = null
    s3_object_version = null
    sha256            = null
  }

  # Same rule as in lambda/package.py: "<name> <sha256>\n" for every source, in bytewise order of the names.
  source_names = sort(concat(
    tolist(fileset(var.lambda_directory, "zoom_operationlogs/**/*.{py,json}")),
    ["package.py", "requirements.txt"],
  ))
  sources_sha256 = try(
    sha256(join("", [for name in local.source_names : "${name} ${filesha256("${var.lambda_directory}/${name}")}\n"])),
    "a source is missing",
  )

  recorded       = try(jsondecode(file(local.package_record)), {})
  package_sha256 = local.package.filename == null ? local.package.sha256 : try(filebase64sha256(local.package.filename), null)

  # In this order. The error of a check hides those of the checks after it.
  package_exists = local.package.filename == null ? true : fileexists(local.package.filename) && (local.bring_your_own || fileexists(local.package_record))
  package_intact = local.bring_your_own || !local.package_exists || try(filesha256(local.committed_zip) == local.recorded.zip_sha256, false)
  package_fresh  = local.bring_your_own || !local.package_exists || local.sources_sha256 == try(local.recorded.sources_sha256, "")
}

# The code that Lambda runs. The function's own resource cannot tell: Terraform compares the package with the one that
# it sent last, and so misses an update of the code that failed, and a change that somebody made elsewhere.
data "aws_lambda_function" "running" {
  function_name = aws_lambda_function.collector.function_name

  # A plan that changes the function has this read after the change, so an upgrade is judged by its result.
  depends_on = [aws_lambda_function.collector]

  lifecycle {
    postcondition {
      condition     = self.code_sha256 == local.package_sha256
      error_message = "Lambda runs other code in ${var.names.function} than this configuration's package: an update failed, or the code was changed outside Terraform${local.package.filename == null ? " (or package.sha256 is not the hash of the object in S3)" : ""}. To replace the function, run: `terraform apply -replace=\"$(terraform state list -id=${var.names.function} | grep 'aws_lambda_function.collector$')\"`."
    }
  }
}
