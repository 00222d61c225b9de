"""Secrets in URLs, headers and command lines: what stands between a scheme's own marks, whatever the key is called."""

from __future__ import annotations

import re

from .judges import drawn, unless_stand_in
from .keys import (
    NO_VALUES,
    UUID,
    anything,
    cookies,
    from_base64,
    jumbled,
    key_rule,
    not_wordy,
    opaque,
    slug,
    stand_in,
    user_and_password,
    without_scheme,
)
from .rules import Judge, Rule, Rules, anchored

QUERY_KEYS = {
    **dict.fromkeys(("sig", "sign", "hmac", "hash", "xamzsignature", "xgoogsignature", "apisig"), "signature"),
    **dict.fromkeys(
        ("key", "apikey", "appid", "k", "wskey", "subscriptionkey", "code", "license", "licence"), "api_key"
    ),
    **dict.fromkeys(("accesskeyid", "ossaccesskeyid", "awsaccesskeyid"), "api_key"),
    **dict.fromkeys(("xosscredential", "xtoscredential", "xobscredential"), "credential"),
    **dict.fromkeys(
        (
            "auth",
            "st",
            "t",
            "tk",
            "access",
            "ticket",
            "wstoken",
            "crumb",
            "policy",
            "invite",
            "s",
            "magic",
            "hm",
            "oh",
            "h",
            "upt",
            "sso",
            "csrf",
            "xsrf",
        ),
        "token",
    ),
    **dict.fromkeys(("pass", "pw", "pwd"), "password"),
}
_SCHEMES = (
    "bearer|basic|token|bot|apikey|api-key|oauthtoken|ssws|ntlm|negotiate|geniekey|sharedkey|jwt|splunk|discogs|"
    "zoho-oauthtoken|klaviyo-api-key|sso-key"
)
_USERS = frozenset(("user", "username", "usr", "login", "name", "db_user", "dbuser"))
_PASSWORDS = frozenset(("pass", "password", "passwd", "pwd", "secret", "db_password", "dbpassword"))
_MULTI = r"(?:[\w-]{1,40}=(?:\\{0,15}\"[^\"\\]{0,600}\\{0,15}\"|[^\s,\"'\\]{0,600})(?:,\s{0,3})?){1,20}"


def _in_path(kind: str) -> Judge:
    """The judge of a stretch of a path that is secret in some addresses: UUIDs and words are ids and names in others."""
    judge = drawn(kind)
    return lambda match: None if UUID.fullmatch(match["s"]) else judge(match)


def _judge_share(match: re.Match[str]) -> str | None:
    """Judge the end of a short address as Nextcloud has for what is shared."""
    value = match["s"]
    return "token" if jumbled(value) and re.search("[a-z]", value) and re.search("[A-Z]", value) else None


def _judge_scheme(match: re.Match[str]) -> str | None:
    """Judge what follows Bearer, Basic and their like; behind "Authorization:" a value of letters only is one, too."""
    value = match["s"]
    if (
        stand_in(value)
        or value.lower().strip(".:") in NO_VALUES
        or re.match(r"HTTP/\d", value)
        or match.string[match.start() - 1 : match.start()].isalpha()
    ):
        return None
    if opaque(value) or (match["scheme"].lower() == "basic" and user_and_password(from_base64(value) or "")):
        return "token"
    before = match.string[max(0, match.start() - 24) : match.start()].lower()
    return "token" if "authorization" in before and (not_wordy(value) or len(value) > 15) else None


def _judge_unknown_scheme(match: re.Match[str]) -> str | None:
    """Judge what follows a word that no list of schemes has: drawn by lot, and no slug of words and numbers."""
    value = match["s"].rstrip(",;.")
    return "token" if opaque(value) and not slug(value) and not stand_in(value) and "://" not in value else None


def _judge_query(match: re.Match[str]) -> str | None:
    """Judge a parameter of a URL, form or connection string."""
    key, value = match["key"], match["s"]
    if stand_in(value) or stand_in(without_scheme(value.replace("%20", " ").replace("+", " "))[1]):
        return None
    plain = re.sub(r"[^a-z0-9]", "", key.rsplit("[", 1)[-1].lower())
    if len(plain) == 1 and len(value) < 16:
        return None
    if kind := QUERY_KEYS.get(plain):
        known = plain in ("pass", "pw", "pwd") or plain.endswith("accesskeyid")
        return kind if (anything(value) if known else opaque(value)) else None
    rule = key_rule(key)
    if rule is None:
        return None
    return rule[0] if rule[1](value) else None


def _judge_cookie(match: re.Match[str]) -> str | None:
    """Judge cookies."""
    return "cookie" if cookies(match["s"]) else None


_DATABASES = re.compile(r"(?i:mongodb(?:\+srv)?|postgres(?:ql)?|mysql|rediss?|amqps?|smtps?|s?ftp|mssql|oracle)\Z")


def _judge_database(match: re.Match[str]) -> str | None:
    """Judge a password with a slash in it: in addresses of databases and queues no path comes before the host."""
    before = match.string[max(0, match.start() - 14) : match.start()]
    if match["user"].lower() in _USERS and match["s"].lower() in _PASSWORDS:
        return None
    return "password" if _DATABASES.search(before) and not stand_in(match["s"]) else None


def _judge_userinfo(match: re.Match[str]) -> str | None:
    """Judge a password in an address; `user:password` is how documents write one."""
    sample = match["user"].lower() in _USERS and match["s"].lower() in _PASSWORDS
    return None if sample or stand_in(match["s"]) else "password"


_MACHINE = re.compile(r"(?i)(?:machine\s\S{1,100}|default)\s{1,3}\Z")


def _judge_netrc(match: re.Match[str]) -> str | None:
    """Judge `login NAME password VALUE`; behind a machine's name a plain word is one, too, elsewhere a sentence goes on."""
    value = match["s"]
    machine = _MACHINE.search(match.string, max(0, match.start() - 120), match.start())
    fits = value.lower() not in NO_VALUES and not stand_in(value) and (machine or not_wordy(value))
    return "password" if fits else None


def _judge_user(match: re.Match[str]) -> str | None:
    """Judge `-u user:password`; two numbers are a user's and a group's, and an address is none."""
    value = match["s"]
    word = value.strip("<>[](){}").lower() in NO_VALUES
    return None if word or stand_in(value) or value.isdigit() or value.startswith("//") else "password"


PLACES = Rules(
    (
        # scheme://user:password@host. Users stay: they say which account it was.
        Rule(
            _judge_userinfo,
            re.compile(r"""://(?P<user>[^\s/:@"'<>\\[]{0,100}):(?P<s>[^\s/"'<>\\]{1,200})@(?=[\w.\[-])"""),
            ("://",),
        ),
        Rule(
            _judge_database,
            re.compile(r"""://(?P<user>[^\s/:@"'<>\\[]{1,100}):(?P<s>[^\s"'<>\\@]{1,200})@(?=[\w.\[-])"""),
            ("://",),
        ),
        Rule("token", re.compile(r"""://(?P<s>[^\s/:@"'<>\\]{16,200})@(?=[\w.\[-])"""), ("://",)),
        anchored(
            unless_stand_in("password"),
            r"(?i:jdbc:oracle:)\w{1,10}:[^\s/@:]{1,60}/(?P<s>[^\s/@]{1,100})@",
            "jdbc:oracle:",
        ),
        # Digest, OAuth 1, SigV4, Hawk: parameters, all of them. Without an answer among them they are the server's challenge.
        anchored(
            unless_stand_in("token"),
            rf"(?i:digest|oauth|aws4-hmac-sha256|hawk|sharedkey|signature|mac|api-?auth)\s{{1,3}}"
            rf"(?P<s>(?=[^\n]{{0,1000}}(?i:signature\s?=|response\s?=|mac\s?=|oauth_))(?!\s)(?!=){_MULTI})",
            "digest |oauth |aws4-hmac-sha256 |hawk |sharedkey |signature |mac |api-auth ",
            r"(?i)(?:signature|response|mac)\s?=|oauth_",
        ),
        anchored(
            _judge_scheme,
            rf"(?P<scheme>(?i:{_SCHEMES}))(?:\s|%20|\+|:\s|=){{1,3}}(?P<s>[A-Za-z0-9._~+/=:|-]{{4,4000}}[A-Za-z0-9=_/+-])",
            _SCHEMES,
        ),
        # Authorization: App …, under whatever word for the scheme.
        anchored(
            _judge_unknown_scheme,
            r"(?i:authorization)\\{0,15}[\"'`\])]{0,2}\s{0,3}(?:=>|:=|[:=,])\s{0,3}[\[(]?\\{0,15}[\"'`]?=?(?P<scheme>[A-Za-z][\w.-]{0,30})\s{1,2}"
            r"(?P<s>[^\s\"'`\\<>\]]{16,4000})",
            "authorization",
        ),
        anchored(
            _judge_cookie,
            r"(?i:cookie2?)\\{0,15}[\"'`]?\]?\s{0,3}[:=,]\s{0,3}(?:[\[(]\s{0,3})?\\{0,15}[\"'`]?"
            r"(?P<s>[^\s=;,\"'\\:]{1,200}=[^\"'\\\r\n]{4,4000})",
            "cookie",
        ),
        anchored(
            "cookie",
            r"(?:\s-b|--cookie)[ =]{1,3}[\"']?(?P<s>(?!-)[^\s=;,\"'\\]{1,200}=[^\"'\\\r\n]{4,4000})",
            " -b|--cookie",
            "curl|--cookie",
        ),
        anchored(
            drawn("cookie"),
            r"(?i:session(?:_?id)?|sessid|sid|[cx]srf-?token|(?:asp\.net_|laravel_|wordpress_)\w{1,60})=(?P<s>[^\s;,&\"'\\]{8,1000})",
            "session|sessid|sid=|csrf|xsrf|asp.net_|laravel_|wordpress_",
        ),
        Rule(
            _judge_query,
            re.compile(r"[?&;#](?P<key>[A-Za-z_$][\w.~$\[\]-]{0,60})=(?P<s>[^?&;#\s\"'<>\\]{3,4000})"),
            ("=",),
        ),
        # The first parameter of a form, which no mark precedes.
        Rule(
            _judge_query,
            re.compile(
                r"(?:^|(?<=[\s\"'`]))(?P<key>[A-Za-z_$][\w.~$\[\]-]{0,60})=(?P<s>[^?&;#\s\"'<>\\]{3,4000})(?=&[A-Za-z_])"
            ),
            ("=",),
            re.compile(r"[^&\s]&[A-Za-z_]"),
        ),
        # curl -u user:password
        anchored(
            _judge_user,
            r"(?:\s-[uU]\s?|-user[ =]{1,2})[\"']?[^\s:\"'\[-][^\s:\"'\[]{0,200}:(?P<s>[^\s\"']{1,200})",
            " -u|-user",
        ),
        anchored(
            _judge_netrc,
            r"(?i:login\s[^\s]{1,100}\spassword\s)(?P<s>[^\s]{1,200})",
            "login ",
        ),
        # "credentials admin:hunter2"
        anchored(
            lambda match: (
                "password" if not_wordy(match["s"]) and not stand_in(match["s"]) and not match["s"].isdigit() else None
            ),
            r"(?i:credentials?|log ?in|userpwd|user(?:name)?[/:]pass(?:word)?)[ :=,]{1,4}[\"'(]?"
            r"[\w.@+-]{1,80}:(?P<s>[^\s\"',;)/]{4,200})",
            "credential|login|log in|userpwd|user:pass|user/pass|username/pass|username:pass",
        ),
        # Addresses that whoever knows them may use. n8n's own webhooks are no secrets.
        anchored(
            "webhook",
            r"(?i:/hooks/)(?P<s>[a-z0-9]{26}|[A-Za-z0-9]{17,24}/[A-Za-z0-9_-]{40,70})(?![\w-])",
            "/hooks/",
        ),  # Mattermost, Rocket.Chat
        anchored(
            _in_path("webhook"), r"(?i:/api/webhook/)(?P<s>[\w-]{20,100})(?![\w-])", "/api/webhook/"
        ),  # Home Assistant
        anchored("webhook", r"(?i:/webhook/)(?P<s>[0-9a-f]{32}/[0-9a-f]{32,64})(?![\w-])", "/webhook/"),  # Tines
        anchored(
            _in_path("webhook"), r"(?i:/api/push/)(?P<s>[A-Za-z0-9]{10,32})(?![\w-])", "/api/push/"
        ),  # Uptime Kuma
        anchored("api_key", r"(?i:/v1/input/)(?P<s>[0-9a-f]{32})(?!\w)", "/v1/input/"),  # Datadog
        anchored(_in_path("webhook"), r"(?i:/rest/)\d{1,8}/(?P<s>[a-z0-9]{14,20})(?![\w-])", "/rest/"),  # Bitrix24
        anchored(
            _in_path("webhook"),
            r"/integrations/v1/[a-z_]{3,40}/(?P<s>[A-Za-z0-9]{20,40})(?![\w-])",
            "/integrations/v1/",
        ),
        Rule("webhook", re.compile(r"//(?P<s>e[no][a-z0-9]{10,24})\.m\.pipedream\.net"), ("m.pipedream.net",)),
        anchored("token", r"/private-(?P<s>[0-9a-f]{32})(?!\w)", "/private-"),  # calendars of Google
        anchored(
            "token", r"/owa/calendar/[^\s/]{1,120}/(?P<s>[A-Za-z0-9]{20,80})/", "/owa/calendar/"
        ),  # and of Outlook
        anchored("signature", r"/s--(?P<s>[\w-]{8,32})--/", "/s--"),  # Cloudinary
        anchored(_judge_share, r"/s/(?P<s>[A-Za-z0-9]{15})(?![\w-])", "/s/"),
        anchored("signature", r"(?i:~|%7e)hmac=(?P<s>[0-9a-f]{32,128})", "~hmac=|%7ehmac="),  # Akamai
        # What was mailed to let somebody in.
        anchored(
            _in_path("token"),
            r"(?i:/(?:reset[-_]?password|password[-_/]reset|verify(?:[-_]email)?|confirm(?:[-_]email)?|magic(?:[-_]link)?|"
            r"invit(?:e|ation)s?|activate|unsubscribe))/(?P<s>[\w.=-]{20,600})",
            "/reset|/password|/verify|/confirm|/magic|/invit|/activate|/unsubscribe",
        ),
    )
)
