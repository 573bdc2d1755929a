"""A signed session with a tenant."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .tenant import ENDPOINT_VARIABLE, endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .session import Session
    from .tenant import Tenant


def connect(tenant: Tenant, service_account: str | None, pauses: Sequence[float] | None = None) -> Session:
    """Return a session with a tenant, signed in by the key file or by Application Default Credentials.

    `pauses` are those of `Session`. Raises `CommandError` where nobody can sign in.
    """
    address = endpoint(tenant.region, os.environ.get(ENDPOINT_VARIABLE))
    from . import session  # here, because Google's library takes a while to import, and may not be installed

    return session.Session(tenant, address, session.sign_in(service_account), pauses=pauses)
