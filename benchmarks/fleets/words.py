"""What differs between the two sets of fleets: names, vendors, wordings, numbers. `dev` may be looked at, `test` not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Vendor(NamedTuple):
    """A third party: n8n's node types for it, its hosts, and the kind of credential they take."""

    name: str
    types: tuple[str, ...]
    hosts: tuple[str, ...]
    credential: str


class Wording(NamedTuple):
    """An error as n8n keeps it. Placeholders: {host}, {id}, {n}, {stamp}, {mail}. `ms`: how long the node took to fail."""

    name: str
    code: str | None
    message: str
    description: str | None = None
    ms: float = 300.0


@dataclass(frozen=True)
class Words:
    """One set's own tables and numbers."""

    first_day: str  # the earliest day on which a window ends
    days: int  # over how many days after it the windows end
    change_of_clocks: str  # a day on which a window may end so that the change of clocks lies in it
    zones: tuple[str, ...]
    clients: tuple[str, ...]
    topics: tuple[str, ...]
    vendors: tuple[Vendor, ...]
    family: Vendor  # several products of one vendor, each with its own host and node type
    hosts: tuple[str, ...]
    polls: tuple[int, ...]  # minutes
    periods: tuple[int, ...]  # hours between recurring failures
    rates: dict[str, float]  # shares of failing runs
    drops: tuple[float, float]  # to what share of before item counts fall: clearly, plainly
    slower: tuple[float, float]
    errors: dict[str, tuple[Wording, ...]]


_BASE = "n8n-nodes-base."

DEV = Words(
    first_day="2026-09-08",
    days=70,
    change_of_clocks="2026-11-05",
    zones=("Europe/Berlin", "Europe/London", "America/New_York"),
    clients=("ACME", "BOLT", "CRUX", "DUNE", "ECHO", "FERN", "GALE", "HALO"),
    topics=("orders", "invoices", "leads", "contacts", "shipments", "bookings", "tickets", "payments", "listings",
            "meters", "quotes", "stock", "refunds", "reviews", "visits", "contracts", "returns", "tasks", "claims"),
    vendors=(
        Vendor("HubSpot", (_BASE + "hubspot",), ("api.hubapi.com",), "hubspotAppToken"),
        Vendor("Airtable", (_BASE + "airtable",), ("api.airtable.com",), "airtableTokenApi"),
        Vendor("Slack", (_BASE + "slack",), ("slack.com",), "slackApi"),
        Vendor("Notion", (_BASE + "notion",), ("api.notion.com",), "notionApi"),
        Vendor("OpenAI", (_BASE + "openAi",), ("api.openai.com",), "openAiApi"),
    ),
    family=Vendor("Google", (_BASE + "googleSheets", _BASE + "gmail", _BASE + "googleCalendar"),
                  ("sheets.googleapis.com", "gmail.googleapis.com", "www.googleapis.com"), "googleOAuth2Api"),
    hosts=("api.parcelhub.example", "erp.midgard.example", "data.meterly.example", "hooks.formwell.example"),
    polls=(5, 10, 15, 30),
    periods=(6, 8, 12),
    rates={"half": 0.5, "most": 0.7, "nearly": 0.9, "seldom": 0.06, "often": 0.15},
    drops=(0.15, 0.45),
    slower=(3.0, 1.8),
    errors={
        "credentials": (
            Wording("NodeApiError", "401", "Authorization failed - please check your credentials",
                    "Invalid API key provided, request {id}"),
            Wording("NodeApiError", "403", "Forbidden - perhaps check your credentials?",
                    "The token was revoked at {stamp}"),
            Wording("NodeOperationError", None, "The credential's refresh token is invalid or expired: invalid_grant"),
        ),
        "network": (
            Wording("NodeApiError", "ECONNREFUSED", "The service refused the connection - perhaps it is offline",
                    "connect ECONNREFUSED 10.0.0.{n}:443"),
            Wording("NodeApiError", "ENOTFOUND", "The connection cannot be established, this usually occurs due to an "
                    "incorrect host (domain) value", "getaddrinfo ENOTFOUND {host}"),
        ),
        "outage": (
            Wording("NodeApiError", "503", "Service unavailable - try again later or consider setting this node to "
                    "retry automatically (in the node settings)", "upstream {host} request {id}"),
            Wording("NodeApiError", "502", "Bad gateway - the service failed to handle your request"),
            Wording("NodeApiError", "500", "The service was not able to process your request", "error reference {id}"),
        ),
        "timeout": (
            Wording("NodeApiError", "ECONNABORTED", "The connection was aborted, perhaps the server is offline",
                    "timeout of 30000ms exceeded", ms=30_000),
            Wording("NodeApiError", "504", "Gateway timed out - perhaps try again later?", ms=60_000),
        ),
        "rate_limit": (
            Wording("NodeApiError", "429", "The service is receiving too many requests from you",
                    "Rate limit reached, retry in {n} s"),
        ),
        "api_changed": (
            Wording("NodeApiError", "404", "The resource you are requesting could not be found",
                    "No route for /v1/items/{n}"),
            Wording("NodeApiError", "410", "This version of the API was switched off on 2026-09-01"),
            Wording("NodeApiError", "400", "Bad request - please check your parameters",
                    "Unknown field customer_ref in request {id}"),
        ),
        "data": (
            Wording("NodeApiError", "422", "Your request is invalid or could not be processed by the service",
                    "value {n} is not a valid phone number"),
            Wording("TypeError", None, "Cannot read properties of undefined (reading 'email') [line {n}]"),
            Wording("NodeOperationError", None, "Item {n} has no field order_id"),
        ),
        "deploy": (
            Wording("ReferenceError", None, "orderTotal is not defined [line {n}]"),
            Wording("NodeOperationError", None, "Referenced node doesn't exist: 'Map fields'"),
        ),
        "infrastructure": (
            Wording("WorkflowOperationError", None, "Workflow did not finish, possible out-of-memory issue", ms=9_000),
            Wording("NodeOperationError", None, "Connection terminated unexpectedly (pool {n})"),
        ),
        "body": (
            Wording("BodyError", None, "The answer holds an error: quota exceeded for project {n}"),
            Wording("BodyError", None, "The answer holds an error: success is false, code INVALID_SESSION"),
        ),
    },
)  # fmt: skip

TEST = Words(
    first_day="2027-02-03",
    days=60,
    change_of_clocks="2027-04-08",
    zones=("Europe/Vienna", "America/Chicago", "Europe/Lisbon", "Australia/Sydney"),
    clients=("IVYX", "JUNO", "KITE", "LARK", "MOSS", "NOVA", "OPAL", "PIKE"),
    topics=("policies", "candidates", "parcels", "subscriptions", "appointments", "donations", "inspections", "menus",
            "rosters", "surveys", "permits", "deliveries", "members", "catalogue", "pledges", "audits", "leases",
            "orders", "recipes"),
    vendors=(
        Vendor("Pipedrive", (_BASE + "pipedrive",), ("api.pipedrive.com",), "pipedriveApi"),
        Vendor("Zendesk", (_BASE + "zendesk",), ("lark.zendesk.com",), "zendeskApi"),
        Vendor("Asana", (_BASE + "asana",), ("app.asana.com",), "asanaApi"),
        Vendor("Brevo", (_BASE + "sendInBlue",), ("api.brevo.com",), "sendInBlueApi"),
        Vendor("Stripe", (_BASE + "stripe",), ("api.stripe.com",), "stripeApi"),
        Vendor("Discord", (_BASE + "discord",), ("discord.com",), "discordBotApi"),
    ),
    family=Vendor("Twilio", (_BASE + "twilio", _BASE + "httpRequest", _BASE + "httpRequest"),
                  ("api.twilio.com", "lookups.twilio.com", "verify.twilio.com"), "twilioApi"),
    hosts=("gw.tollgate.example", "api.kestrel-pos.example", "feeds.landreg.example", "sync.orbitcrm.example"),
    polls=(6, 12, 20, 45),
    periods=(4, 9, 24),
    rates={"half": 0.55, "most": 0.65, "nearly": 0.85, "seldom": 0.04, "often": 0.12},
    drops=(0.2, 0.5),
    slower=(2.5, 1.7),
    errors={
        "credentials": (
            Wording("NodeApiError", "401", "Unauthorized", "Session {id} has expired, sign in again"),
            Wording("NodeApiError", "403", "Your account has no access to this workspace"),
            Wording("NodeOperationError", None, "Unable to sign without access token"),
        ),
        "network": (
            Wording("NodeApiError", "ECONNRESET", "The connection to the server was closed unexpectedly, perhaps it is "
                    "offline. You can retry the request immediately or wait and retry later.", "read ECONNRESET"),
            Wording("NodeApiError", "CERT_HAS_EXPIRED", "certificate has expired", "{host}: certificate of {stamp}"),
        ),
        "outage": (
            Wording("NodeApiError", "500", "Internal Server Error", "Trace {id}"),
            Wording("NodeApiError", "503", "{host} is under maintenance, ticket {n}"),
            Wording("NodeApiError", "502", "502 Bad Gateway: no healthy upstream"),
        ),
        "timeout": (
            Wording("NodeApiError", "ETIMEDOUT", "The connection timed out, consider setting the 'Retry on Fail' option "
                    "in the node settings", "connect ETIMEDOUT 172.16.4.{n}:8443", ms=20_000),
            Wording("NodeOperationError", None, "Query timed out after {n} ms", ms=45_000),
        ),
        "rate_limit": (
            Wording("NodeApiError", "429", "Too Many Requests", "Daily quota of {n} calls is used up"),
            Wording("NodeApiError", "403", "Quota exceeded for quota metric 'Read requests' per minute"),
        ),
        "api_changed": (
            Wording("NodeApiError", "405", "Method not allowed - please check you are using the right HTTP method"),
            Wording("NodeApiError", "400", "Property page_size is no longer accepted, see changes of {stamp}"),
            Wording("NodeOperationError", None, "Cannot query field amountDue on type Invoice"),
        ),
        "data": (
            Wording("NodeOperationError", None, "Could not parse date in row {n}"),
            Wording("NodeApiError", "409", "An entry for {mail} is there already"),
            Wording("SyntaxError", None, "Unexpected token < in JSON at position {n}"),
        ),
        "deploy": (
            Wording("TypeError", None, "items.flatMapAll is not a function [line {n}]"),
            Wording("ExpressionError", None, "Can't get data for expression under 'Body' field"),
        ),
        "infrastructure": (
            Wording("WorkflowCrashedError", None, "The execution was stopped since its worker was lost", ms=12_000),
            Wording("NodeOperationError", None, "ENOSPC: no space left on device, write of {n} bytes"),
        ),
        "body": (
            Wording("BodyError", None, "The answer holds an error: status failed, reason {id}"),
            Wording("BodyError", None, "The answer holds an error: errors[0].message is 'Not entitled'"),
        ),
    },
)  # fmt: skip

SETS = {"dev": DEV, "test": TEST}
