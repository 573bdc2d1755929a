# Which code runs: the zip committed with this module unless the caller brings another. The committed one must belong
# to the sources beside it, or a plan would show infrastructure of today with code of yesterday.

locals {
  lambda_directory = coalesce(var.lambda_directory, "${path.module}/../../lambda")
  committed_zip    = "${local.lambda_directory}/dist/collector.zip"
  package_record   = "${local.lambda_directory}/dist/collector.json"
  bring_your_own   = var.package != null

  package = var.package != null ? var.package : {
    filename          = local.committed_zip
    s3_bucket         = null
    s3_key            = null
    s3_object_version = null
  }

  # Same rule as in lambda/package.py: "<name> <sha256>\n" for every source, in bytewise order of the names.
  source_names = sort(concat(
    tolist(fileset(local.lambda_directory, "zoom_operationlogs/**/*.py")),
    ["package.py", "requirements.txt"],
  ))
  sources_sha256 = try(
    sha256(join("", [for name in local.source_names : "${name} ${filesha256("${local.lambda_directory}/${name}")}\n"])),
    "a source is missing",
  )

  recorded     = try(jsondecode(file(local.package_record)), {})
  package_hash = try(filebase64sha256(local.package.filename), null)

  # Each is asked only where the one before holds, so that one cause gives one sentence.
  package_exists = local.package.filename == null ? true : fileexists(local.package.filename) && (local.bring_your_own || fileexists(local.package_record))
  package_intact = local.bring_your_own || !local.package_exists || try(filesha256(local.committed_zip) == local.recorded.zip_sha256, false)
  package_fresh  = local.bring_your_own || !local.package_exists || local.sources_sha256 == try(local.recorded.sources_sha256, "")
}
