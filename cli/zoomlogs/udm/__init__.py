"""`zoomlogs udm`: records as UDM events, by the published mapping table or by the tenant's own parser."""
