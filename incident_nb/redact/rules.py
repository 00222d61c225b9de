"""Secrets that are known by their shape: one row a vendor, and a few shapes that many vendors share.

Formats are those the vendors describe in their documentation and hand to secret scanners; lengths are lower bounds, so
that shortened and future keys are masked too. Patterns run in linear time: they begin with a literal, no repeated
group holds another open repetition, and what two neighbours can match is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Judge = Callable[[re.Match[str]], str | None]


@dataclass(frozen=True)
class Rule:
    """A pattern whose group `s` is masked as `kind`; a judge looks at the match and names the kind, or None for none.

    `hints` are lower-case texts of which one must occur for the pattern to be tried: most strings hold none.
    """

    kind: str | Judge
    pattern: re.Pattern[str]
    hints: tuple[str, ...]


SHORTEST_TOKEN = 15
"""No rule in `TOKENS` and `SHAPES` matches less, or anything with a blank in it."""

MASK = re.compile(r"\[[a-z][a-z_]{1,19}:[0-9a-f]{6}\]")

# A token starts where no word goes on; the n of an escaped line break is no part of a word.
START = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"


def _token(kind: str, prefixes: str, body: str) -> Rule:
    """The rule for tokens that begin with one of the prefixes (separated by blanks)."""
    names = prefixes.split()
    # The literal comes first, since the engine can then skip ahead to it; what precedes it is looked at afterwards.
    starts = "|".join(
        rf"{re.escape(name)}(?:(?<![A-Za-z0-9]{re.escape(name)})|(?<=\\[nrt]{re.escape(name)}))" for name in names
    )
    return Rule(kind, re.compile(f"(?P<s>(?:{starts}){body})"), tuple(name.lower() for name in names))


WORD = r"[A-Za-z0-9_-]"  # base64url and most vendors' alphabet
DIGIT = r"(?=[A-Za-z_-]{0,40}\d)"  # what keeps words apart from tokens, where the prefix alone says little

TOKENS = (
    # AI
    _token("api_key", "sk-ant-", rf"{WORD}{{16,}}"),
    _token("api_key", "sk-", rf"{DIGIT}{WORD}{{18,}}"),  # OpenAI, OpenRouter, DeepSeek, Langfuse
    _token("api_key", "gsk_ r8_ xai- pplx- fw_ csk- fc-", rf"{DIGIT}[A-Za-z0-9]{{20,}}"),
    _token("api_key", "tgp_v1_ jina_ pcsk_ tvly- nvapi- lsv2_pt_ lsv2_sk_", rf"{DIGIT}{WORD}{{20,}}"),
    _token("token", "hf_", r"[A-Za-z0-9]{20,}"),
    _token("token", "ak- as- wk- ws-", rf"{DIGIT}[A-Za-z][A-Za-z0-9]{{11,}}"),  # Modal
    # payment
    _token("api_key", "sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_", r"[A-Za-z0-9]{10,}"),  # Stripe, Paystack
    _token("api_key", "rzp_live_ rzp_test_ sk_sandbox_", r"[A-Za-z0-9]{10,}"),
    _token("api_key", "live_ test_", rf"{DIGIT}[A-Za-z0-9]{{30,}}"),  # Mollie
    _token("api_key", "FLWSECK_TEST- FLWSECK-", r"[A-Za-z0-9]{20,}"),
    _token("secret", "whsec_", r"[A-Za-z0-9+/=]{16,}"),
    _token("token", "sq0atp- sq0csp- sq0idp-", rf"{WORD}{{20,}}"),  # Square
    _token("token", "EAA", rf"{DIGIT}{WORD}{{40,}}"),  # Square, Meta
    _token("token", "access_token$production$ access_token$sandbox$", r"[a-z0-9]{8,64}\$[a-f0-9]{16,}"),  # Braintree
    _token("token", "A21AA", rf"{WORD}{{40,}}"),  # PayPal
    _token("token", "shpat_ shpca_ shppa_ shpss_", r"[A-Za-z0-9]{16,}"),  # Shopify
    # chat, mail, telephone
    _token("token", "xoxb- xoxp- xoxa- xoxr- xoxe- xoxs- xoxo- xapp- xoxe.xoxp- xoxe.xoxb-", rf"{WORD}{{10,}}"),
    _token("webhook", "hooks.slack.com/services/ hooks.slack.com/workflows/", r"[A-Za-z0-9_/]{16,}"),
    _token("webhook", "discord.com/api/webhooks/ discordapp.com/api/webhooks/", rf"\d{{10,30}}/{WORD}{{16,}}"),
    _token("webhook", "webhook.office.com/webhookb2/", r"[A-Za-z0-9@/-]{20,}"),
    _token("api_key", "SG.", rf"{WORD}{{10,64}}\.{WORD}{{10,}}"),  # SendGrid
    _token("api_key", "xkeysib- xsmtpsib-", rf"{WORD}{{20,}}"),  # Brevo
    _token("api_key", "key- pubkey-", r"[a-f0-9]{32}(?![A-Za-z0-9])"),  # Mailgun
    _token("api_key", "re_", rf"{DIGIT}[A-Za-z0-9]{{8,16}}_[A-Za-z0-9]{{16,}}"),  # Resend
    _token("api_key", "SK", r"[a-f0-9]{32}(?![A-Za-z0-9])"),  # Twilio
    # CRM, office, documents
    _token("token", "pat-", r"[a-z]{2,4}\d?-[A-Za-z0-9]{8}(?:-[A-Za-z0-9]{4}){3}-[A-Za-z0-9]{8,12}"),  # HubSpot
    _token("token", "pat", r"[A-Za-z0-9]{14}\.[A-Za-z0-9]{20,}"),  # Airtable
    _token("api_key", "key", rf"{DIGIT}[A-Za-z0-9]{{14}}(?![A-Za-z0-9_-])"),  # Airtable, before 2024
    _token("token", "secret_ ntn_", rf"{DIGIT}[A-Za-z0-9]{{30,}}"),  # Notion
    _token("api_key", "lin_api_ lin_oauth_ figd_ tfp_ phc_ phx_ PMAK- PMAT-", rf"{DIGIT}{WORD}{{24,}}"),
    _token("api_key", "pk_", r"\d{5,12}_[A-Z0-9]{20,}"),  # ClickUp
    _token("token", "CFPAT- CTTT- ATATT3x ATCTT3x ATBB", rf"{WORD}{{20,}}"),  # Contentful, Atlassian
    _token("token", "sl.", rf"{DIGIT}[\w.-]{{60,}}"),  # Dropbox
    # code, packages, monitoring
    _token("token", "ghp_ gho_ ghu_ ghs_ ghr_", r"[A-Za-z0-9]{16,}"),
    _token("token", "github_pat_", r"\w{20,}"),
    _token("token", "glpat- gldt- glrt- glptt- gloas- glcbt-", r"[A-Za-z0-9_.-]{15,}[A-Za-z0-9_-]"),
    _token("token", "npm_ cio rubygems_", rf"{DIGIT}[A-Za-z0-9]{{30,}}"),
    _token("token", "pypi- dckr_pat_ dckr_oat_ atlasv1. hvs. hvb.", rf"{DIGIT}{WORD}{{20,}}"),
    _token("token", "sntrys_ sntryu_ glsa_ glc_ NRAK- NRJS- dt0c01.", rf"{DIGIT}[\w=+/-]{{20,}}"),
    # clouds, databases, automation
    _token("api_key", "AIza", rf"{WORD}{{30,}}"),
    _token("token", "ya29.", r"[A-Za-z0-9._-]{10,}[A-Za-z0-9_-]"),
    _token("secret", "GOCSPX-", rf"{WORD}{{10,}}"),
    _token("token", "1//0 4/0A", rf"{WORD}{{20,}}"),  # Google refresh token, authorisation code
    _token("api_key", "AKIA ASIA ABIA ACCA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _token("api_key", "LTAI", r"[A-Za-z0-9]{16,24}(?![A-Za-z0-9])"),  # Alibaba
    _token("token", "dop_v1_ doo_v1_ dor_v1_ dapi", r"[a-f0-9]{32,}"),  # DigitalOcean, Databricks
    _token("token", "sbp_ sb_secret_ sb_publishable_", rf"{WORD}{{16,}}"),  # Supabase
    _token("token", "pscale_tkn_ pscale_pw_ pscale_oauth_ HRKU- vercel_blob_rw_", rf"{DIGIT}{WORD}{{24,}}"),
    _token("token", "rnd_ nfp_ EZAK EZTK", rf"{DIGIT}[A-Za-z0-9]{{24,}}"),
    _token("api_key", "n8n_api_ apify_api_ pul-", rf"{DIGIT}{WORD}{{20,}}"),
    _token("private_key", "AGE-SECRET-KEY-1", r"[A-Z0-9]{40,}"),
)

SHAPES = (
    Rule("jwt", re.compile(rf"(?<![A-Za-z0-9_-])(?P<s>eyJ{WORD}{{8,}}\.{WORD}{{8,}}(?:\.{WORD}*)?)"), ("eyj",)),
    Rule("api_key", re.compile(rf"{START}(?P<s>[a-f0-9]{{32}}-us\d{{1,2}})(?!\w)"), ("-us",)),  # Mailchimp
    # Telegram: digits, a colon, 35 characters; in URLs right after /bot.
    Rule("token", re.compile(rf"(?:(?<=/bot)|{START})(?P<s>\d{{6,12}}:{WORD}{{30,}})"), (":aa", "/bot")),
    # Discord bot: the id in base64, a time, a digest.
    Rule("token", re.compile(rf"{START}(?P<s>[MNO][A-Za-z0-9]{{22,27}}\.{WORD}{{6}}\.{WORD}{{27,45}})"), (".",)),
)

PEM = Rule(
    "private_key",
    re.compile(
        r"(?P<s>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z))"
    ),
    ("private key",),
)
"""Apart from the others because it spans lines. One that is cut off is masked to the end."""
