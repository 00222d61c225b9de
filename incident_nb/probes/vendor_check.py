"""`doctor --vendors`: whether each vendor's status page answers today, in the format that vendors.toml says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

from incident_nb.http import Allowed, RequestError, Session
from incident_nb.probes import vendors
from incident_nb.probes.status_reading import UnreadableError
from incident_nb.probes.vendors import Vendor

BUDGET_S = 30.0
AT_ONCE = 16
AWAY = "not reachable"


class VendorCheck(NamedTuple):
    """One status page: ok, a warning (it could not be reached from here), or failed (its answer can't be read)."""

    what: str
    state: Literal["ok", "warning", "failed"]
    told: str
    mend: str | None = None


def check_vendors(rows: Sequence[Vendor] | None = None, session: Session | None = None) -> Iterator[VendorCheck]:
    """One row a vendor, in the table's order; all are asked side by side, 30 seconds at most.

    Where none can be reached, one row says so instead. The last row names those whose pages no program can read. By
    default all of vendors.toml are asked.
    """
    rows = vendors.table() if rows is None else rows
    asked = [vendor for vendor in rows if vendor.readable]
    with (
        session or Session(Allowed(vendors.status_origins()), budget_s=BUDGET_S) as opened,
        ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="vendor") as pool,
    ):
        checks = list(pool.map(lambda vendor: _check(vendor, opened), asked))
    if checks and all(check.state == "warning" and check.told.startswith(AWAY) for check in checks):
        told = f"none of {len(checks)} status pages can be reached, the first one: {checks[0].told}"
        yield VendorCheck(
            "vendors", "failed", told, "DX-4 needs a way out of this network to the hosts of vendors.toml."
        )
    else:
        yield from checks
    if unread := [vendor.name for vendor in rows if not vendor.readable]:
        yield VendorCheck("vendors without a readable page", "ok", f"{', '.join(unread)}: DX-4 names their pages only")


def _check(vendor: Vendor, session: Session) -> VendorCheck:
    what = f"vendor {vendor.name}"
    try:
        page = vendors.read(vendor, session)
    except UnreadableError as error:
        mend = f"Look at {vendor.page}: the page has moved or changed, and its row in vendors.toml has to follow."
        return VendorCheck(what, "failed", f"unreadable: {error}", mend)
    except RequestError as error:
        if error.reason in ("too_large", "bad_answer"):
            return VendorCheck(what, "failed", f"unreadable: {error}", f"Look at {vendor.page}.")
        return VendorCheck(what, "warning", f"{AWAY}: {error}", "Is there a way out of this network to it?")
    listed = f"{len(page.incidents)} incidents" if len(page.incidents) != 1 else "1 incident"
    if page.missing:
        return VendorCheck(what, "warning", f"{listed} listed. {page.missing}", f"Look at {vendor.page}.")
    return VendorCheck(what, "ok", f"reads well, {listed} listed")
