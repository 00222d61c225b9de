"""Secrets in files of settings that have a grammar of their own: mail, proxies, directories, registries, installers."""

from __future__ import annotations

import re

from .commands import VALUE
from .judges import drawn, flagged, judge_named, telling
from .rules import Rule, anchored

# What opens the line, with what stands between it and the secret.
_WORDS = (
    (r"sqlconnectinfo\s\S{1,80}\s\S{1,60}", "sqlconnectinfo "),
    (r"sentinel\s(?:auth-pass|auth-user)\s\S{1,60}", "sentinel "),
    (r"rootpw\s(?:--plaintext\s|--lock\s){0,2}(?!-)", "rootpw "),
    (r"(?:insecure-)?password\s(?:ENC|plaintext|clear)\s", "password "),
    (r"(?:proxy_)?auth_(?:user_)?pass(?:word)?\s", "auth_pass|auth_user_pass|proxy_auth_pass|proxy_auth_user_pass"),
    (r"neighbor\s\S{1,60}\spassword\s", "neighbor "),
    (r"wpa-psk\s|wireless-key\d?\s(?:s:)?", "wpa-psk |wireless-key"),
    (
        r"(?:imap|smtp|pop3?|remote|mail)_?pass\s",
        "imappass |imap_pass |smtppass |smtp_pass |poppass |pop_pass |pop3pass |"
        "pop3_pass |remotepass |remote_pass |mailpass |mail_pass ",
    ),
)

CONFIGURED = (
    *(anchored(telling("password"), rf"(?i:\b(?:{before}))\s{{0,9}}{VALUE}", hints) for before, hints in _WORDS),
    # stats auth user:password; static:user:password
    anchored(flagged, r"(?i:stats\sauth)\s[\w.@-]{1,60}:(?P<s>[^\s\"']{3,100})", "stats auth"),
    anchored(flagged, r"\bstatic:[\w.@-]{1,60}:(?P<s>[^\s\"']{3,100})", "static:"),
    # [smtp.example.test]:587 user:password
    Rule(
        telling("password", r"\d"),
        re.compile(
            r"^\s{0,9}(?:\[[\w.-]{3,100}\]|[\w-]{1,60}(?:\.[\w-]{1,60}){1,5})(?::\d{1,5})?\s{1,20}[\w.@+-]{2,80}:(?P<s>[^\s:/]{5,100})\s{0,9}$"
        ),
        (":",),
        re.compile(r"^\s{0,9}[\w\[][\w.:\[\]-]{2,110}\s{1,20}[\w.@+-]{2,80}:[^\s:/]{5,100}\s{0,9}$"),
    ),
    # name:{PLAIN}password
    anchored(flagged, r"\{(?i:plain|cleartext|clear)\}(?P<s>[^\s:\"'<>,;{}]{3,100})", "{plain}|{cleartext}|{clear}"),
    # "user" "password", as PgBouncer keeps them.
    Rule(
        drawn("password", slugs=False),
        re.compile(r"^\s{0,9}\"[\w.@-]{1,60}\"\s{1,9}\"(?P<s>[^\"\n]{5,400})\"\s{0,9}$"),
        ('" "', '"\t"'),
    ),
    # user name on >password ~keys
    anchored(
        flagged,
        r"(?i:\buser)\s\S{1,60}\s(?:on|off)\s[^\n]{0,120}?[><](?P<s>[^\s~&+@<>-]\S{3,200})(?=\s[^\n]{0,200}[~&+@])",
        "user ",
        r"\s(?:on|off)\s",
    ),
    # username="…" password="…" user_name="…", as Kafka and ZooKeeper have it.
    Rule(
        flagged,
        re.compile(r"\buser_\w{1,40}\s?=\s?\\?\"(?P<s>[^\"\n\\]{3,200})\\?\""),
        ("loginmodule",),
        re.compile(r"user_\w{1,40}\s?="),
    ),
    # DefaultPassword    REG_SZ    password; /v DefaultPassword … /d password
    Rule(
        judge_named,
        re.compile(r"(?P<key>[\w.-]{2,60})\s{1,12}REG_(?:EXPAND_)?SZ\s{1,12}(?P<s>[^\s][^\n]{2,200})"),
        ("reg_",),
    ),
    Rule(
        judge_named,
        re.compile(r"/v\s\"?(?P<key>[\w.-]{2,60})\"?\s(?:[^\n]{0,60}?\s)?/d\s\"?(?P<s>[^\s\"]{3,200})"),
        ("reg add", "reg.exe add"),
    ),
    # d-i passwd/root-password password …
    Rule(
        judge_named,
        re.compile(
            r"\S{1,80}/(?P<key>[\w-]{2,60}?)(?:-again|-confirm)?\s{1,9}(?:password|string)\s{1,9}(?P<s>\S{3,100})"
        ),
        (
            "password password ",
            "password string ",
            "-again password ",
            "-again string ",
            "-confirm password ",
            "-confirm string ",
        ),
    ),
    # PASSWORD(…), as IBM's commands have it.
    Rule(
        telling("password"),
        re.compile(r"\b(?:PASSWORD|PASSWD|PWD|RMTPWD|NEWPWD)\((?P<s>[^\s()'\"]{4,100})\)"),
        ("password(", "passwd(", "pwd("),
    ),
    # key: …=, thirty-two bytes in base64
    anchored(
        "secret", r"\b(?i:key)\\?[\"']?\s?[:=]\s?\\?[\"']?(?P<s>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)(?![\w=])", "key"
    ),
    # Login incorrect: [user/password]
    anchored(
        flagged,
        r"(?i:login (?:incorrect|ok|invalid user))[^\[\n]{0,120}\[[^\s/\]]{1,80}/(?P<s>[^\]\n]{3,100})\]",
        "login ",
    ),
)
"""Rules for one line, whatever it holds."""

IN_FILES = (
    # <AdministratorPassword><Value>…</Value>
    Rule(
        judge_named,
        re.compile(
            r"<(?:[\w-]{1,20}:)?(?P<key>[^\W\d][\w.-]{1,60})(?:\s[^<>]{0,100})?>\s{0,40}<(?:[\w-]{1,20}:)?(?i:value|string|plain|text)"
            r"(?:\s[^<>]{0,100})?>(?P<s>[^<>\n]{3,400})</"
        ),
        ("<value", "<string", ":value", "<plain", "<text"),
    ),
    # chpasswd: the list of users below it
    Rule(
        flagged,
        re.compile(
            r"chpasswd:[ \t]{0,9}\r?\n(?:[^\n]{0,100}\n){1,4}?[ \t]{1,20}(?:- )?[\w.-]{1,40}:"
            r"(?P<s>[^\s:]{3,200})[ \t]{0,9}(?=\n|\Z)"
        ),
        ("chpasswd:",),
    ),
    # encryption: the key below it
    Rule(
        flagged,
        re.compile(
            r"(?i)\b\w{0,20}(?:encryption|crypt):[ \t]{0,9}\r?\n[ \t]{1,20}key:[ \t]{1,9}[\"']?(?P<s>[A-Za-z0-9+/=_-]{16,200})"
        ),
        ("encryption:", "crypt:"),
    ),
)
"""Rules for a whole text: what is needed stands on several lines or in several elements."""
