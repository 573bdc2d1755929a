"""The stand-in for Google SecOps: one tenant with its feeds, its events, its searches and its parser.

Written from Google's public protos (googleapis/googleapis, google/cloud/chronicle):

- `v1/feed.proto`: FeedsService. Bodies are read by Google's own class of it, in the package google-cloud-chronicle.
- `v1beta/event.proto`: EventService.UdmSearch. `v1beta/search.proto`: SearchService.Search, ListSearchedResults.
- `v1beta/parser.proto`: ParserService.ListParsers, GetParserExtension, RunParser. `v1beta/log.proto`: ListLogTypes.
- `backstory/udm.proto`: UDM; the mapping is the project's own, `zoomlogs udm`.

and from the REST reference of `legacy.legacySearchRawLogsV2` (v1alpha), the page "Understand search" (limits and
quotas), and "Permissions for the Chronicle API". Request and response have proto3 JSON's names.

    with SecOps() as secops:                             # over HTTP
        file = secops.service_account(folder)            # a key file that signs in here
        subprocess.run(["zoomlogs", "feed", "apply", "--service-account", file], env=secops.env(environ))
        assert secops.feeds[name]["details"]["feedSourceType"] == "AMAZON_S3_V2"

    secops = SecOps(clock=clock.now)
    session.mount("https://", SecOpsAdapter(secops))     # or in this process
    secops.add(body)                                     # a feed
    secops.transfer(bucket.name, bucket.ever_written())  # it reads the bucket; events appear when they are ingested
    secops.events.lose(record)                           # and double, delay, misparse, unparse
    secops.fail_next(429, "Quota exceeded")
"""

from .edges import SecOpsAdapter
from .messages import ApiError, Call
from .tenant import CUSTOMER_ID, PROJECT, REGION, SUBJECT_ID, SecOps

__all__ = ["CUSTOMER_ID", "PROJECT", "REGION", "SUBJECT_ID", "ApiError", "Call", "SecOps", "SecOpsAdapter"]
