"""Secrets whose name stands elsewhere than before a separator: in a column, an element, a line above, a tuple, a fallback."""

from __future__ import annotations

import re

from .arguments import PRINTED
from .commands import SPOKEN
from .configured import IN_FILES
from .judges import flagged, judge_named, telling
from .keys import opaque, stand_in
from .rules import MASK, Rule, Rules, kind_of

_SOURCES = re.compile(
    r"(?i).*\.(?:py|js|ts|tsx|jsx|mjs|cjs|go|rb|java|php|c|h|cc|cpp|rs|cs|sh|sql|ya?ml|json|html?|css|log|txt)"
)


def _judge_pgpass(match: re.Match[str]) -> str | None:
    """Judge the last field of a line of .pgpass; places in source files have such colons, too."""
    return None if _SOURCES.fullmatch(match["host"]) else _mixed(match)


_mixed = telling("password", r"\d")


def _judge_tuple(match: re.Match[str]) -> str | None:
    """Judge the second of a user and a password."""
    return None if stand_in(match["s"]) or len(match["s"]) < 3 else "password"


def _judge_fallback(match: re.Match[str]) -> str | None:
    """Judge a literal that stands in for a named secret: `$json.token || 'literal'`."""
    return judge_named(match) if opaque(match["s"]) else None


def _judge_change(match: re.Match[str]) -> str | None:
    """Judge what takes the place of a secret that was masked."""
    masked = _MASKED_BEFORE.search(match.string, max(0, match.start() - 40), match.start())
    return kind_of(masked[0]) if masked and not stand_in(match["s"]) else None


_MASKED_BEFORE = re.compile(rf"{MASK.pattern}\\?\"\Z")


_ON_LINES = (
    *IN_FILES,
    # login    | bob, password | …, as psql has it.
    Rule(
        judge_named,
        re.compile(
            r"(?m)^[ \t]{0,9}(?P<key>[^\W\d][\w .-]{1,40}?)[ \t]{0,40}\| (?P<s>[^\s|][^\n|]{2,200}?)[ \t]{0,9}$"
        ),
        ("record ", " | "),
        re.compile(r"(?m)^-\[ RECORD|^[^\n|]{2,60}\| [^\n|]{1,200}\n[^\n|]{2,60}\| [^\n|]{1,200}$"),
    ),
    # <b>Password:</b> …, <strong>Password</strong>: …
    Rule(
        judge_named,
        re.compile(
            r"(?:<(?P<tag>b|strong|em|i|u|label|span|font|dt)(?:\s[^<>]{0,100})?>)\s{0,9}(?:[^<>\n:]{0,20}\s)?"
            r"(?P<key>[^\W\d][\w.-]{1,60})\s?(?::\s?</(?P=tag)>|</(?P=tag)>\s?:)\s{0,9}(?:<\w{1,8}(?:\s[^<>]{0,100})?>\s{0,9}){0,2}"
            r"(?P<s>[^<>\s]{3,400})\s{0,9}(?=<|\Z|\n)"
        ),
        ("</b>", "</strong>", "</em>", "</i>", "</u>", "</label>", "</span>", "</font>", "</dt>"),
    ),
    # the password is <code>…</code>
    Rule(
        telling("password"),
        re.compile(
            r"(?i:password|passwort|kennwort|passphrase|passcode|contraseña|mot de passe|wachtwoord|senha|pwd|hasło)"
            r"\b[^<>\n]{0,60}"
            r"<(?P<tag>b|strong|code|tt|kbd|samp|em|span|pre|font)(?:\s[^<>]{0,100})?>(?P<s>[^<>\s]{5,100})</(?P=tag)>"
        ),
        ("</b>", "</strong>", "</code>", "</tt>", "</kbd>", "</samp>", "</em>", "</span>", "</pre>", "</font>"),
        re.compile(r"(?i)pass|kennwort|contraseña|wachtwoord|senha|pwd|hasło"),
    ),
    # 'crypt' => ['key' => '…'], as Magento has it.
    Rule(
        flagged,
        re.compile(
            r"['\"]crypt['\"]\s{0,3}=>\s{0,3}(?:\[|array\s?\()\s{0,40}['\"]key['\"]\s{0,3}=>\s{0,3}['\"](?P<s>[^'\"\n]{16,100})"
        ),
        ("'crypt'", '"crypt"'),
    ),
    # Recovery codes below each other.
    Rule(
        "otp",
        re.compile(
            r"(?i:backup|recovery|scratch|emergency|wiederherstellungs|secours|recuperación)[\s_-]?(?i:codes?|códigos?)"
            r"[^\n]{0,80}\r?\n(?:[ \t]{0,9}\r?\n)?"
            r"(?P<s>(?:[ \t]{0,9}(?:\d{1,2}[.)][ \t]{1,4}|[-*•][ \t]{1,4})?(?=[A-Za-z -]{0,20}\d)[A-Za-z0-9]{4,10}"
            r"(?:[- ][A-Za-z0-9]{3,10}){0,3}[ \t]{0,9}(?:\r?\n|\Z)){2,20})"
        ),
        ("codes", "códigos", "code:"),
        re.compile(r"(?i)backup|recovery|scratch|emergency|wiederherstellung|secours|recuperación"),
    ),
    # Redis' own protocol.
    Rule(
        flagged,
        re.compile(r"AUTH(?:\\r\\n|\r?\n)\$\d{1,4}(?:\\r\\n|\r?\n)(?P<s>[^\s\\]{3,200})"),
        ("auth\\r\\n$", "auth\r\n$", "auth\n$"),
    ),
    # A command's output: the password, alone on the next line or the one after.
    Rule(
        telling("password"),
        re.compile(
            r"(?i:password|passwort|passwd|kennwort|passphrase|passcode|secret)\b[^\n:]{0,80}:"
            r"[ \t]{0,8}\r?\n(?:[ \t]{0,8}\r?\n)?[ \t]{0,40}"
            r"(?P<s>[^\s:=<>\"'{}()\[\],]{8,100})[ \t]{0,8}(?=\r?\n|\Z)"
        ),
        (":\n", ": \n", ":\r\n"),
        re.compile(r":\s{0,8}\n"),
    ),
    Rule(
        telling("password"),
        re.compile(r"(?i:password)[^\n]{0,80}\n[^\n:]{0,30}(?i:value)[ \t]{0,4}:[ \t]{1,4}(?P<s>[^\s\"']{6,100})"),
        ("value:", "value :"),
    ),
    Rule(
        telling("password"),
        re.compile(r"(?i:assword|assphrase)[^\n]{0,80}\n\s{0,20}send\s(?:--\s)?[\"'](?P<s>[^\"'\\\n]{3,60})"),
        ("send ",),
    ),
    Rule(
        flagged,
        re.compile(r"<auth-user-pass>\s{0,9}\n[^\n]{1,100}\n(?P<s>[^\n]{3,100})\n"),
        ("<auth-user-pass>",),
    ),
    Rule(
        "private_key",
        re.compile(r"OpenVPN Static key V1-----\s{0,9}(?P<s>[0-9a-f\s]{64,2000})"),
        ("openvpn static key",),
    ),
    Rule(judge_named, re.compile(r"(?m)^\$(?P<key>[\w.]{2,60})\r?\n\[1\] \"(?P<s>[^\"\n]{3,200})\""), ('\n[1] "',)),
    Rule(
        judge_named,
        re.compile(
            r"<(?:dt|label|b|strong)>\s{0,9}(?:[^<>\n:]{0,20}\s)?(?P<key>[^\W\d][\w.-]{1,60})\s?:?\s{0,9}</(?:dt|label|b|strong)>"
            r"\s{0,40}<(?:dd|span|p|code|div)(?:\s[^<>]{0,100})?>(?P<s>[^<>\n]{3,400})</"
        ),
        ("</dt>", "</label>", "</b>", "</strong>"),
    ),
)

NEIGHBOURS = Rules(
    (
        # YAML's and a form's pairs on two lines.
        Rule(
            judge_named,
            re.compile(
                r"(?m)^[ \t]{0,60}(?:- )?(?:name|key):[ \t]{1,4}[\"']?(?P<key>[\w.-]{2,80})[\"']?[ \t]{0,9}\r?\n"
                r"[ \t]{0,60}(?:value|val|default):[ \t]{1,4}"
                r"(?:\"(?=[^\"\n]*\")|'(?=[^'\n]*'))?(?P<s>[^\s\"'|>&*][^\n\"']{0,2000})"
            ),
            ("value:", "val:", "default:"),
        ),
        # A blog's methods over XML-RPC take a number, a user and a password.
        Rule(
            _judge_tuple,
            re.compile(
                r"<methodName>(?:wp|blogger|metaWeblog|mt)\.\w{3,40}</methodName>\s{0,40}<params>(?:\s{0,40}<param>\s{0,40}<value>"
                r"(?:<\w{1,10}>)?[^<>\n]{0,80}(?:</\w{1,10}>)?</value>\s{0,40}</param>){2}\s{0,40}<param>\s{0,40}<value>(?:<string>)?"
                r"(?P<s>[^<>\n]{3,200})<"
            ),
            ("<methodname>",),
        ),
        # "args": ["database", 2, "password", …], as Odoo has it.
        Rule(
            _judge_tuple,
            re.compile(
                r"\\{0,3}\"args\\{0,3}\":\s?\[\s?\\{0,3}\"[\w.-]{1,60}\\{0,3}\",\s?(?:\d{1,8}|\\{0,3}\"[^\"\n]{1,80}\\{0,3}\"),\s?"
                r"\\{0,3}\"(?P<s>[^\"\n\\]{3,200})\\{0,3}\""
            ),
            ('args"', "args\\"),
            re.compile(r"execute_kw|authenticate|login|\"service\\{0,3}\":"),
        ),
        # XML-RPC and property lists.
        Rule(
            judge_named,
            re.compile(
                r"<(?:name|key)>\s{0,9}(?P<key>[\w.-]{2,80})\s{0,9}</(?:name|key)>\s{0,40}(?:<value>\s{0,40})?"
                r"(?:<\w{1,20}>)?(?P<s>[^<>\s][^<>\n]{0,2000})</"
            ),
            ("</name>", "</key>"),
        ),
        SPOKEN,
        *_ON_LINES,
        *PRINTED,
        # <input type="password" … value="…">
        Rule(
            _judge_tuple,
            re.compile(r"type=[\"']?password[\"']?[^<>]{0,200}\svalue=(?P<q>[\"'])(?P<s>[^\"'<>\n]{3,200})(?P=q)"),
            ("password",),
            re.compile(r"type=[\"']?password"),
        ),
        # variable "db_password" { default = "…" }
        Rule(
            judge_named,
            re.compile(
                r"variable\s\"(?P<key>[\w.-]{2,80})\"\s?\{[^{}]{0,200}?default\s{0,9}=\s?\"(?P<s>[^\"\n]{3,400})\""
            ),
            ("variable ",),
        ),
        Rule(
            judge_named,
            re.compile(r"ParameterKey=(?P<key>[\w.-]{2,80}),\s?ParameterValue=(?P<s>[^\s,\"']{3,400})"),
            ("parameterkey=",),
        ),
        # A plan's change: password = "[…]" -> "…"
        Rule(
            _judge_change,
            re.compile(r"\s->\s\\?\"(?P<s>[^\"\n]{3,400})\""),
            ("-> ",),
        ),
        Rule(
            _judge_pgpass,
            re.compile(
                r"(?m)^(?P<host>(?:[\w-]{1,63}\.)[\w.-]{1,100}|localhost|\*):(?:\d{4,5}|\*):[A-Za-z_*][\w-]{0,62}:[A-Za-z_*][\w.-]{0,62}:"
                r"(?P<s>[^\s:]{6,200})$"
            ),
            (":",),
            re.compile(r":(?:\d{4,5}|\*):[A-Za-z_*]"),
        ),
        Rule(
            _judge_tuple,
            re.compile(
                r"\b(?:(?:\w{0,20}_)?auth|credentials?|creds)\s?=\s?(?:[\w.]{0,40}Auth)?[(\[]\s{0,9}[bru]?[\"'][^\"'\n]{1,100}[\"'],\s{0,9}"
                r"[bru]?(?P<q>[\"'])(?P<s>[^\n]{1,200}?)(?P=q)\s{0,9},?\s{0,9}[)\]]"
            ),
            ("auth=", "auth =", "credentials=", "credentials =", "credential=", "creds=", "creds ="),
        ),
        Rule(
            _judge_fallback,
            re.compile(
                r"\b(?P<key>[A-Za-z_]\w{1,60})[\"'\])]{0,3}\s{0,3}(?:\|\||\?\?)\s{0,3}(?P<q>[\"'`])(?P<s>[^\"'`\s\\]{8,400})(?P=q)"
            ),
            ("||", "??"),
        ),
    )
)
"""Rules for a whole text, whether it holds a key of the usual form or not."""
