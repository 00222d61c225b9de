"""Secrets on command lines and in protocols: what a tool's own flag or order makes a password, with no key to tell it."""

from __future__ import annotations

import re

from .judges import drawn, flagged, placed, telling
from .keys import from_base64, mechanism, opaque
from .rules import Judge, Rule, Rules, anchored

# Tools (a star: the name goes on, as mysqldump's does), and what stands between them and the password.
_TOOLS = (
    ("sshpass mongo* cqlsh cypher-shell hdbsql beeline rdesktop rabbitmqadmin ncftp* psexec* paexec twine", r"-p[\s=]"),
    ("evil-winrm nxc netexec crackmapexec useradd usermod elasticsearch-users winexe vncviewer", r"-p[\s=]"),
    ("docker podman registry helm acr oc az nerdctl skopeo buildah", r"login\s(?:[^\n|;&]{0,200}?\s)?-p[\s=]"),
    ("mysql* mariadb* 7z* sshpass", r"-p(?=\S)"),  # behind a blank it is another argument
    ("rar unrar", r"-h?p(?=\S)"),
    ("zip unzip sqlcmd osql bcp isql tsql freebcp ipmitool mosquitto*", r"-P\s?"),
    ("openssl", r"-k\s"),
    ("openssl", r"-pass(?:in|out)?\s{1,2}pass:"),
    ("ldap* odoo odoo-bin openerp-server", r"-w\s?"),
    ("redis-cli valkey-cli keydb-cli", r"-a\s"),
    ("doctl linode-cli hcloud", r"-t\s"),
    ("plink pscp psftp kitty putty", r"-pw\s"),
    ("pdftotext pdftoppm pdfimages pdfinfo", r"-[uo]pw\s"),
    ("pdftk", r"(?:user|owner|input)_pw\s"),
    ("snmp*", r"-[Ac]\s"),
    ("snmp*", r"-X\s"),
    ("xfreerdp wfreerdp freerdp", r"/p:"),
    ("signtool certutil", r"[/-]p\s"),
    ("schtasks", r"/rp\s"),
    ("ssh-keygen", r"-[NP]\s"),
    ("net", r"use\s(?:[^\n|;&]{0,200}?\s)?/user:\S{1,80}\s(?!/)"),
    ("net", r"use\s(?:\S:\s)?\\\\\S{1,200}\s(?!/)(?=\S{3,200}\s/user:)"),
    ("net", r"user\s\S{1,80}\s(?!/)(?=\S{3,100}\s/)"),
    ("smb* rpcclient winexe", r"-U\s?[\"']?[\w\\.-]{1,60}%"),
    ("lftp", r"-u\s?[\w@.-]{1,60},"),
    ("http https xh", r"-a\s[\w@.-]{1,60}:"),
    ("curl", r"(?:-E|--cert)\s[^\s:]{1,120}:"),
    ("curl wget", r"--proxy-user(?:\s|=)[\w.@+-]{1,80}:"),
    ("skopeo podman buildah crane", r"--(?:src-|dest-)?creds[\s=][\w.@+-]{1,80}:"),
    ("aws", r"put-parameter\s[^\n]{0,200}?(?i:secret|passw|token|key)[^\n]{0,80}?--value\s"),
    ("az", r"keyvault\ssecret\sset\s[^\n]{0,200}?--value\s"),
    ("beam.smp erl iex elixir rabbitmqctl", r"-setcookie\s"),
    ("htpasswd", r"-\w{0,4}b\w{0,4}\s\S{1,200}\s\S{1,80}\s"),
    ("sqlplus expdp impdp rman sqlldr", r"[\"']?[A-Za-z][\w$#]{0,29}/(?=[^\s/@]{3,60}(?:@|\s|$))"),
)
# The same with words instead of a flag, behind which sentences about the tool have their next word.
_IN_WORDS = (
    ("vault", r"login\s(?!-)"),
    ("mysqladmin nmcli", r"password\s"),
    ("neo4j-admin", r"set-initial-password\s"),
    ("rabbitmqctl", r"(?:add_user|change_password|authenticate_user)\s\S{1,80}\s"),
    ("wpa_passphrase", r"\S{1,80}\s"),
    ("isql", r"[\w.-]{1,60}\s[\w.-]{1,60}\s(?!-)"),
    ("mc", r"(?:alias\sset|config\shost\sadd)\s\S{1,80}\s\S{1,200}\s\S{1,200}\s"),
)
VALUE = r"[\"']?(?P<s>[^\s\"'|;<>$-][^\s\"'|;]{2,200})"
QUOTED = r"[NEe]?(?P<q>[\"'])(?P<s>[^\"'\n]{2,200})(?P=q)"


_telling = telling("password")
_LOT = re.compile(r"(?=.{9})(?=.*[a-z])(?=.*[A-Z])(?=.*\d)")
# The end of a command, or of what quotes it; before IMAP's a tag or who says it.
_COMMAND_ENDS = re.compile(r"[\"']?[ \t]{0,9}(?:\Z|\r?\n|\\r|\\n|[\"'\]})])")
_COMMAND_BEGINS = re.compile(r"(?:(?:^|[\s>:*\"'])(?:[A-Za-z]{0,4}\d{1,6}|C:|>)\s{1,3})\Z")
_OF_SQL = re.compile(r"(?i)\b(?:create|alter|grant|set)\s")


def _commanded(match: re.Match[str]) -> str | None:
    """Judge what a command for signing in ends with; inside a sentence it has to look drawn by lot."""
    ends = _COMMAND_ENDS.match(match.string, match.end("s")) or _LOT.match(match["s"])
    return _telling(match) if ends else None


def _tagged(match: re.Match[str]) -> str | None:
    """Judge the password of IMAP's LOGIN, before which a tag stands."""
    begins = _COMMAND_BEGINS.search(match.string, max(0, match.start() - 12), match.start())
    return _commanded(match) if begins or _LOT.match(match["s"]) else None


def _no_mechanism(match: re.Match[str]) -> str | None:
    """Judge what a user connects with: in sentences it is a way of signing in."""
    return None if mechanism(match["s"]) else _telling(match)


def _identified(match: re.Match[str]) -> str | None:
    """Judge what a statement of SQL identifies a user by; in sentences things are identified by their names."""
    sql = match["with"] or match[0].startswith("IDENTIFIED")
    before = _OF_SQL.search(match.string, max(0, match.start() - 200), match.start())
    return flagged(match) if sql or before else None


def _in_base64(match: re.Match[str]) -> str | None:
    """Judge a client's answer in base64, as SMTP and IMAP have it."""
    return "credential" if from_base64(match["s"]) is not None or opaque(match["s"]) else None


def of_tools(names: str, before: str, judge: Judge = flagged, at_once: bool = False) -> Rule:
    """The rule for these tools (a star: the name goes on) and what stands between them and the secret.

    Other arguments may stand before that, unless it has to follow `at_once`. A look ahead for a quote at its end asks for
    a value in quotes.
    """
    either, hints = [], []
    for name in names.split():
        stem = re.escape(name.removesuffix("*"))
        either.append(rf"{stem}\w{{0,20}}(?:\.(?:exe|py))?" if name.endswith("*") else rf"{stem}(?:\.exe)?")
        hints += [name[:-1]] if name.endswith("*") else [f"{name} ", f"{name}.exe "]
    gap = r"\s{1,3}" if at_once else r"\s(?:[^\n|;&]{0,300}?\s)?"
    value = QUOTED if before.endswith("(?=')") else VALUE
    return anchored(judge, rf"\b(?i:{'|'.join(either)}){gap}{before}\s{{0,2}}{value}", "|".join(hints))


COMMANDS = Rules(
    (
        *(of_tools(names, flag) for names, flag in _TOOLS),
        *(of_tools(names, words, placed) for names, words in _IN_WORDS),
        anchored(drawn("token"), r"<<<\s{0,2}[\"']?(?P<s>[^\s\"'|;$<]{8,400})", "<<<"),
        anchored(
            flagged,
            r"(?i:assword|assphrase)[^\n]{0,80}?send\s(?:--\s)?[\"'](?P<s>[^\"'\\\n]{3,60})\\",
            "assword|assphrase",
        ),
        anchored(flagged, rf"(?i:convertto-securestring)\s(?:-\w{{1,20}}\s){{0,3}}{QUOTED}", "convertto-securestring"),
        Rule(flagged, re.compile(rf"{QUOTED}\s?\|\s?(?i:convertto-securestring)"), ("convertto-securestring",)),
        anchored(telling("password"), r"(?i:connect)\s[\"']?[A-Za-z][\w$#]{0,29}/(?P<s>[^\s/@\"']{3,60})@", "connect "),
        # db2 connect to sales user bob using password
        anchored(
            _no_mechanism,
            r"(?i:connect\s[^\n]{0,120}?\buser\s\S{1,60}\susing)\s[\"']?(?P<s>[^\s\"']{3,60})",
            "connect ",
            r"(?i)\susing\s",
        ),
        anchored(
            _identified,
            r"(?i:identified\s(?P<with>with\s\S{1,40}\s)?(?:by|as)(?:\svalues)?)\s[\"']?(?P<s>[^\s\"';]{3,200})",
            "identified ",
        ),
        # SQL's own functions.
        anchored(
            flagged,
            rf"(?i:\bpassword|old_password|encryptbypassphrase)\(\s?{QUOTED}",
            "password(|old_password(|encryptbypassphrase(",
        ),
        anchored(
            flagged,
            rf"(?i:aes_encrypt|aes_decrypt|pgp_sym_encrypt|pgp_sym_decrypt)\([^,\n]{{1,200}},\s?{QUOTED}",
            "aes_encrypt|aes_decrypt|pgp_sym_encrypt|pgp_sym_decrypt",
        ),
        # Redis, mail, wireless networks, runners.
        anchored(
            flagged,
            rf"(?i:requirepass|masterauth|primaryauth)[\"']?\s{{1,3}}{VALUE}",
            "requirepass|masterauth|primaryauth",
        ),
        anchored(
            _in_base64,
            r"\bAUTH(?:ENTICATE)?\s(?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER|CRAM-MD5|NTLM)\s(?P<s>[A-Za-z0-9+/=]{8,4000})",
            "auth plain|auth login|auth xoauth2|authenticate |auth oauthbearer|auth cram-md5|auth ntlm",
        ),
        anchored(
            _commanded,
            rf"\bAUTH\s(?!PLAIN|LOGIN|X?OAUTH|CRAM|NTLM|GSSAPI|DIGEST|SCRAM|EXTERNAL)(?:[\w-]{{1,32}}\s)?{VALUE}(?=\s|\Z|[\"'])",
            "auth ",
        ),
        anchored(
            _tagged,
            r"\bLOGIN\s(?!PLAIN|LOGIN|CRAM|NTLM)[\"']?[\w.@+-]{2,80}[\"']?\s[\"']?(?P<s>[^\s\"']{4,100})",
            "login ",
        ),
        anchored(flagged, r"WIFI:[^\n]{0,200}?P:(?P<s>[^;\n]{4,100})", "wifi:"),
        anchored(flagged, r"::add-mask::(?P<s>\S{3,4000})", "::add-mask::"),
    )
)
"""Rules for one line, whatever it holds."""

SPOKEN = Rule(
    _in_base64,
    re.compile(
        r"334 (?:UGFzc3dvcmQ6|VXNlcm5hbWU6)\s{0,3}\n(?:[^\n]{0,10}334[^\n]{0,40}\n)?[^\n\w+/]{0,8}(?:C:\s{1,3}|>\s{0,3})?"
        r"(?P<s>[A-Za-z0-9+/=]{4,400})\s{0,3}$",
        re.MULTILINE,
    ),
    ("334 ugfzc3dvcmq6", "334 vxnlcm5hbwu6"),
)
"""A mail server's question for the password, and the answer on the next line."""
