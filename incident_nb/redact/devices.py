"""Secrets in the words of network gear, directories and databases: a keyword, a blank, the value; and password hashes."""

from __future__ import annotations

import re

from .commands import QUOTED, VALUE
from .configured import CONFIGURED
from .judges import flagged, telling
from .rules import Rule, Rules, anchored

_TYPE = r"(?:(?:\d{1,2}|ENC|cipher|simple|encrypted|irreversible-cipher|clear|plaintext)\s){0,2}"
_CONFIGURES = (
    r"(?:enable|username|tacacs-server|radius-server|snmp-server|crypto|neighbor|ip\s(?:ospf|rip)|ntp|ppp|standby|vrrp|ikev[12]|"
    r"tunnel-group|local-user|super|set|password\smanager|aaa|isakmp)"
)
_WG_KEY = r"(?<![\w+/])[A-Za-z0-9+/]{43}="
_GIVES = (
    r"(?:secret|password|key|pre-shared-key|psksecret|phash|community|md5|plaintext|cipher|ascii-text|passphrase|hash)"
)

DEVICES = Rules(
    (
        *CONFIGURED,
        # enable secret 5 …, snmp-server community …, crypto isakmp key …, set psksecret ENC …
        Rule(
            telling("password"),
            re.compile(rf"(?:^|[\s\]])(?i:{_CONFIGURES})\b[^\n]{{0,160}}?\b(?i:{_GIVES})\s{_TYPE}{VALUE}"),
            (
                "secret ",
                "password ",
                " key ",
                "shared-key ",
                "psksecret ",
                "phash ",
                "community ",
                "plaintext ",
                "cipher ",
                " md5 ",
            ),
            re.compile(rf"(?:^|[\s\]])(?i:{_CONFIGURES})\b"),
        ),
        anchored(
            telling("password"),
            rf"(?i:key-string|message-digest-key\s\d{{1,3}}\smd5)\s{_TYPE}{VALUE}",
            "key-string |message-digest-key ",
        ),
        anchored(flagged, rf"(?i:\bPSK|\bEAP|\bXAUTH)\s{QUOTED}", "psk |eap |xauth "),
        anchored(telling("password"), rf"(?i:key content)\s{{1,12}}:\s{VALUE}", "key content"),
        anchored(
            flagged,
            r"(?i:unseal|recovery)\s(?i:key)\s\d{1,2}:\s(?P<s>[A-Za-z0-9+/=]{20,100})",
            "unseal key|recovery key",
        ),
        anchored(
            telling("password"),
            rf"(?i:nickserv|chanserv|authserv|/ns|cserve\S{{0,40}})[\s:]{{1,3}}(?i:identify|auth)\s(?:\S{{1,30}}\s)?{VALUE}",
            "nickserv|chanserv|authserv|/ns |cserve",
        ),
        anchored(flagged, r"inline:(?P<s>[A-Za-z0-9+/=]{30,100})", "inline:"),
        anchored(telling("password"), r"(?i:addauth\sdigest)\s[\w.-]{1,40}:(?P<s>[^\s\"']{4,100})", "addauth "),
        # Redis: what MONITOR shows, the protocol itself, a user's rules.
        anchored(flagged, r"\"AUTH\"\s(?:\"[\w-]{1,40}\"\s)?\"(?P<s>[^\"\n]{3,200})\"", '"auth"'),
        anchored(flagged, r"(?i:setuser)\s\S{1,60}\s[^\n]{0,200}?[><](?P<s>[^\s~&+@-][^\s]{3,200})", "setuser "),
        anchored(flagged, r"(?i:rtmps?)://[^\s/]{3,100}/[\w-]{1,30}/(?P<s>[\w-]{12,100})", "rtmp"),
        anchored(flagged, r"\(S\((?P<s>[a-z0-9]{24})\)\)", "(s("),
        anchored(flagged, r"ISA\*\d\d\*[^*]{10}\*01\*(?P<s>[^*\s]{3,10})", "isa*"),
        anchored("password", r"HNSHA:\d:\d\+\d{1,14}\+[^+']{0,40}\+(?P<s>[^+'\s]{4,40})", "hnsha:"),
        # What stands for a password where it was hashed: it can be guessed against.
        Rule(
            "password_hash",
            re.compile(r"(?P<s>\$(?:1|5|6|7|y|apr1|argon2(?:id|i|d)|P|H|scrypt)\$[^\s:'\"\\,;<>]{8,300})"),
            ("$1$", "$5$", "$6$", "$7$", "$y$", "$apr1$", "$argon2", "$p$", "$h$", "$scrypt$"),
        ),
        Rule(
            "password_hash",
            re.compile(
                r"(?P<s>\{(?i:S?SHA(?:256|512)?|S?MD5|CRYPT|PBKDF2[\w-]{0,12}|BCRYPT|ARGON2)\}[A-Za-z0-9+/=$.]{8,200})"
            ),
            ("sha}", "sha256}", "sha512}", "md5}", "crypt}", "pbkdf2", "argon2}"),
        ),
        # Django: pbkdf2_sha256$600000$…, scrypt$16384$…; Werkzeug: scrypt:32768:8:1$…, pbkdf2:sha256:600000$…
        anchored(
            "password_hash",
            r"(?<![\w$])(?P<s>(?:pbkdf2|scrypt|bcrypt)(?:(?:_\w{1,12})?\$\d{1,9}|(?::\w{1,12}){1,3})\$[^\s'\",;]{16,300})",
            "pbkdf2|scrypt|bcrypt",
        ),
        Rule("password_hash", re.compile(r"'(?P<s>\*[0-9A-F]{40})'"), ("'*",)),
        Rule("password_hash", re.compile(r"(?i:\buser)\s\S{1,60}\s[^\n#]{0,80}#(?P<s>[0-9a-f]{64})(?!\w)"), (" #",)),
        # WireGuard's dump: an interface's private key, the key that it shares with a peer.
        Rule("private_key", re.compile(rf"(?P<s>{_WG_KEY})\t{_WG_KEY}\t\d{{1,5}}\t"), ("=\t",)),
        Rule("secret", re.compile(rf"{_WG_KEY}\t(?P<s>{_WG_KEY})\t(?:\(none\)|[\w.:\[\]]{{3,60}})\t"), ("=\t",)),
        # "client" server "secret" addresses, as pppd has it.
        Rule(
            flagged,
            re.compile(
                r"^\s{0,9}(?:\"[^\"\n]{1,60}\"|[\w.@*-]{1,60})\s{1,20}(?:\"[^\"\n]{1,60}\"|[\w.*-]{1,60})\s{1,20}"
                r"\"(?P<s>[^\"\n]{3,100})\"\s{1,20}(?:\*|-|\d{1,3}\.\d[\d./]{2,16})\s{0,9}$"
            ),
            ('" *', '"\t*', '"  ', '" -', '" 1'),
        ),
        Rule("password_hash", re.compile(r":[0-9a-f]{32}:(?P<s>[0-9a-f]{32}):::"), (":::",)),
        Rule("password_hash", re.compile(r"'(?P<s>[ST]:[0-9A-F]{60,200}[^']{0,100})'"), ("'s:", "'t:")),
    )
)
"""Rules for one line, whatever it holds."""
