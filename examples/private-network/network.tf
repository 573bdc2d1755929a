# A network of two zones: private subnets for the collector, a public one for the NAT gateway, endpoints for AWS.

data "aws_availability_zones" "available" {
  state = "available"
}

data "aws_partition" "current" {}

resource "aws_vpc" "collector" {
  cidr_block           = var.cidr_block
  enable_dns_hostnames = true # names of the endpoints
  enable_dns_support   = true
  tags                 = { Name = "zoom-operation-logs" }
}

# Nothing uses the default security group, so it allows nothing.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.collector.id
}

resource "aws_subnet" "private" {
  count = 2

  vpc_id            = aws_vpc.collector.id
  cidr_block        = cidrsubnet(var.cidr_block, 2, count.index)
  availability_zone = data.aws_availability_zones.available.names[count.index]
  tags              = { Name = "zoom-operation-logs-private-${count.index + 1}" }
}

resource "aws_subnet" "public" {
  vpc_id            = aws_vpc.collector.id
  cidr_block        = cidrsubnet(var.cidr_block, 2, 2)
  availability_zone = data.aws_availability_zones.available.names[0]
  tags              = { Name = "zoom-operation-logs-public" }
}

resource "aws_internet_gateway" "out" {
  vpc_id = aws_vpc.collector.id
  tags   = { Name = "zoom-operation-logs" }
}

resource "aws_eip" "nat" {
  domain = "vpc"
  tags   = { Name = "zoom-operation-logs" }

  depends_on = [aws_internet_gateway.out]
}

resource "aws_nat_gateway" "out" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id
  tags          = { Name = "zoom-operation-logs" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.collector.id
  tags   = { Name = "zoom-operation-logs-public" }
}

resource "aws_route" "internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.out.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.collector.id
  tags   = { Name = "zoom-operation-logs-private" }
}

resource "aws_route" "nat" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.out.id
}

resource "aws_route_table_association" "private" {
  count = length(aws_subnet.private)

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id

  depends_on = [aws_route.nat, aws_vpc_endpoint.s3, aws_vpc_endpoint.secretsmanager]
}

resource "aws_security_group" "collector" {
  name        = "zoom-operation-logs-collector"
  description = "The collector: HTTPS out, nothing in"
  vpc_id      = aws_vpc.collector.id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.collector.id
  description       = "Zoom, S3 and Secrets Manager"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_security_group" "endpoints" {
  name        = "zoom-operation-logs-endpoints"
  description = "Endpoints of AWS services: HTTPS from the collector"
  vpc_id      = aws_vpc.collector.id
}

resource "aws_vpc_security_group_ingress_rule" "collector" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "The collector"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.collector.id
}

# This endpoint allows only one bucket.
resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.collector.id
  service_name    = "com.amazonaws.${data.aws_service.s3.region}.s3"
  route_table_ids = [aws_route_table.private.id]
  tags            = { Name = "zoom-operation-logs-s3" }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OneBucket"
      Effect    = "Allow"
      Principal = "*"
      Action    = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutObject"]
      Resource  = ["arn:${data.aws_partition.current.partition}:s3:::${var.bucket_name}", "arn:${data.aws_partition.current.partition}:s3:::${var.bucket_name}/*"]
    }]
  })
}

resource "aws_vpc_endpoint" "secretsmanager" {
  vpc_id              = aws_vpc.collector.id
  service_name        = "com.amazonaws.${data.aws_service.s3.region}.secretsmanager"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  tags                = { Name = "zoom-operation-logs-secretsmanager" }
}
