"""Secrets in the words of network gear, directories and databases: a keyword, a blank, the value; and password hashes."""

from __future__ import annotations

import re

from .commands import QUOTED, VALUE
from .configured import CONFIGURED, IN_FILES
from .judges import flagged, judge_named, telling
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
        anchored(telling("password"), rf"(?i:identify)\s(?:\S{{1,30}}\s)?{VALUE}", "identify "),
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
        Rule(
            "password_hash",
            re.compile(r"(?P<s>(?:pbkdf2|scrypt|bcrypt)_\w{1,12}\$\d{1,9}\$[^\s'\"]{16,200})"),
            ("_sha",),
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

ON_LINES = (
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
            r"(?:<(?:b|strong|em|i|u|label|span|font|dt|th|td|p|div|li)(?:\s[^<>]{0,100})?>)\s{0,9}(?:[^<>\n:]{0,20}\s)?"
            r"(?P<key>[^\W\d][\w.-]{1,60})\s?(?::\s?</\w{1,8}>|</\w{1,8}>\s?:)\s{0,9}(?:<\w{1,8}(?:\s[^<>]{0,100})?>\s{0,9}){0,2}"
            r"(?P<s>[^<>\s]{3,400})\s{0,9}(?=<|\Z|\n)"
        ),
        ("</b>", "</strong>", "</em>", "</i>", "</u>", "</label>", "</span>", "</font>", "</dt>", "</th>", "</td>"),
    ),
    # the password is <code>…</code>
    Rule(
        telling("password"),
        re.compile(
            r"(?i:password|passwort|kennwort|passphrase|passcode|contraseña|mot de passe|wachtwoord|senha|pwd|hasło)"
            r"\b[^<>\n]{0,60}"
            r"<(?:b|strong|code|tt|kbd|samp|em|span|pre|font|td|p|div)(?:\s[^<>]{0,100})?>(?P<s>[^<>\s]{5,100})</"
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
            r"<(?:dt|th|td|label|b|strong)>\s{0,9}(?:[^<>\n:]{0,20}\s)?(?P<key>[^\W\d][\w.-]{1,60})\s?:?\s{0,9}</(?:dt|th|td|label|b|strong)>"
            r"\s{0,40}<(?:dd|td|span|p|code|div)(?:\s[^<>]{0,100})?>(?P<s>[^<>\n]{3,400})</"
        ),
        ("</dt>", "</th>", "</td>", "</label>", "</b>", "</strong>"),
    ),
)
"""Rules for a whole text: what is needed stands on several lines or in several elements."""
