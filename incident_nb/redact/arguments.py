"""Secrets that a tool takes by their order, behind words of its own, or from another program; what it prints in answer."""

from __future__ import annotations

import re

from .commands import VALUE, of_tools
from .judges import flagged, placed, telling
from .rules import Rule, Rules, anchored

# Tools, and what stands between them and the secret. Unlike in `commands`, nothing else may stand there.
_ORDER = (
    ("radtest", r"(?:-[46xd]\s|-[tPD]\s\S{1,40}\s){0,4}\S{1,80}\s"),
    ("radtest", r"(?:-[46xd]\s|-[tPD]\s\S{1,40}\s){0,4}(?:\S{1,200}\s){4}"),
    ("cf", r"auth\s\S{1,80}\s"),
    ("bw", r"(?:login\s\S{1,80}|unlock)\s(?!-)"),
    ("cargo", r"login\s(?!-)"),
    ("snyk", r"auth\s(?!-)"),
    ("ngrok", r"(?:config\sadd-)?authtoken\s(?!-)"),
    ("vault", r"(?:operator\s)?(?:unseal|unwrap)\s(?!-)"),
    ("poetry", r"config\spypi-token\.\S{1,60}\s"),
    ("poetry composer", r"config\s(?:-\S{1,20}\s){0,3}http-basic\.\S{1,80}\s\S{1,80}\s"),
    ("composer", r"config\s(?:-\S{1,20}\s){0,3}(?:github-oauth|gitlab-token|bearer)\.\S{1,80}\s"),
    ("bundle", r"config\s(?:set\s)?(?:-\S{1,20}\s){0,3}\S{1,100}\s[\w.@+-]{1,60}:"),
    ("nuget", r"setapikey\s"),
    ("netlify", r"env:set\s\S{0,40}(?i:key|token|secret|passw)\S{0,40}\s"),
    ("glab", r"variable\s(?:set|update)\s\S{1,80}\s(?!-)"),
    ("etcdctl", r"(?:--\S{1,80}\s){0,6}user\s(?:add|passwd)\s[\w.-]{1,60}:"),
    ("mysqlsh curlftpfs mycli pgcli", r"(?:-\S{1,60}\s){0,6}[\w.-]{1,60}:(?=[^\s@/]{3,80}@)"),
    ("mosquitto_passwd", r"-\w{0,4}b\s\S{1,200}\s\S{1,80}\s"),
    ("ejabberdctl prosodyctl", r"(?:register|change_password)\s\S{1,60}\s\S{1,100}\s"),
    ("rclone", r"obscure\s(?!-)"),
    ("mc", r"admin\suser\sadd\s\S{1,60}\s\S{1,80}\s"),
    ("ipmitool", r"(?:-\S{1,30}\s(?:[^\s-]\S{0,60}\s)?){0,8}user\sset\spassword\s\d{1,2}\s"),
    ("racadm", r"set\s\S{0,60}(?i:password|passphrase)\s"),
    ("samba-tool", r"user\s(?:create|add|setpassword)\s\S{1,80}\s(?!-)"),
    ("dscl", r"\S{1,60}\s-passwd\s\S{1,100}\s"),
    ("csvde ldifde", r"(?:[^\n|]{0,200}\s)?-b\s\S{1,80}\s\S{1,80}\s"),
    ("qpdf", r"--encrypt\s"),
    ("qpdf", r"--encrypt\s\S{1,100}\s"),
    ("ansible-vault", r"encrypt_string\s(?!-)"),
    ("snmpusm", r"(?:-\S{1,20}\s(?:[^\s-]\S{0,60}\s)?){0,8}passwd\s"),
    ("net-snmp-create-v3-user", r"(?:[^\n|]{0,120}\s)?-[AX]\s"),
    ("drush", r"(?:upwd|user:password)\s\S{1,60}\s(?!-)"),
    ("pulumi", r"config\sset\s(?:--\S{1,40}\s){0,3}--secret\s(?:--\S{1,40}\s){0,3}\S{1,100}\s(?!-)"),
    ("sp_addlogin sp_addapprole", r"[NE]?'[^'\n]{1,80}',\s{0,3}N?(?=')"),
    ("sp_password", r"(?:NULL|N?'[^'\n]{0,80}'),\s{0,3}N?(?=')"),
    ("secretsdump* psexec.py wmiexec* smbexec* atexec* getuserspns* getnpusers* gettgt* mssqlclient*",
     r"(?:-\S{1,40}\s){0,6}[\"']?[\w.-]{0,60}/?[\w.$-]{1,60}:(?=[^\s@]{3,80}@)"),
)  # fmt: skip
# Tools whose flag may stand anywhere behind them.
_FLAGS = (
    ("wbinfo", r"-a\s[\"']?[\w\\.+-]{1,60}%"),
    ("net ntlm_auth mount.cifs", r"-U\s?[\"']?[\w\\.-]{1,60}%"),
    ("sqlldr exp imp impdp expdp", r"(?i:userid)=[\"']?\w{1,60}/"),
    ("http https xh xhs", r"(?:-A|--auth-type)[\s=](?:bearer|jwt)\s(?:-a|--auth)[\s=]"),
    ("http https xh xhs", r"--auth[\s=][\"']?[\w@.-]{1,60}:"),
    ("swaks", r"-ap\s"),
    ("sendemail", r"-xp\s"),
    ("influx codecov", r"-t\s"),
    ("cf openfortivpn yt-dlp youtube-dl kopia medusa hydra msoffcrypto-tool bloodhound-python certipy", r"-p\s"),
    ("dotnet choco", r"(?:-k|--api-key)[\s=]"),
    ("iscsiadm", r"\S{0,60}\.auth\.password\w{0,4}\s-v\s"),
    ("nmcli", r"\S{0,30}(?:psk|leap-password|802-1x\.password|wep-key\d?)\s"),
    ("wpa_cli", r"(?:psk|password)\s\\?[\"']{1,2}\\?"),
    ("tasklist taskkill systeminfo driverquery eventcreate gpresult shutdown schtasks", r"/[pP]\s"),
    ("winrs", r"[-/]p(?:assword)?:"),
    ("ttyd gotty", r"-c\s[\"']?[\w.-]{1,60}:"),
    ("transmission-remote", r"-n\s[\"']?[\w.-]{1,60}:"),
    ("ab hey", r"-[aA]\s[\"']?[\w.-]{1,60}:"),
    ("jenkins-cli.jar lynx nikto sqlmap ncat chisel", r"--?(?:auth|id|auth-cred|proxy-auth)[\s=][\"']?[\w.-]{1,60}:"),
    ("check_*", r"-a\s[\"']?[\w.-]{1,60}:"),
    ("check_*", r"-p\s"),
    ("vsql gsql kadmin ldapvi dsconf", r"-[wW]\s"),
    ("slappasswd ldappasswd", r"-s\s"),
    ("apksigner", r"--(?:ks|key)-pass[\s=]pass:"),
    ("virt-customize virt-builder virt-sysprep", r"--(?:root-)?password[\s=](?:\w{1,30}:)?password:"),
    ("knife", r"-P\s"),
    ("altool", r"-p\s"),
    ("security", r"(?:unlock|create)-keychain\s(?:[^\n|]{0,120}\s)?-p\s"),
    ("security", r"import\s[^\n|]{0,160}\s-P\s"),
    ("security", r"add-(?:generic|internet)-password\s[^\n|]{0,200}?-w\s"),
    ("security", r"set-key-partition-list\s[^\n|]{0,120}?-k\s"),
    ("gh", r"secret\sset\s[^\n|]{0,120}?(?:--body|-b)[\s=]"),
    ("openssl", r"passwd\s(?:-\w{1,10}\s){1,4}(?!-)"),
    ("kubectl oc", r"--from-literal=[\w.-]{1,60}="),
)  # fmt: skip
# Commands whose output is a secret, alone on the next line.
_PRINTS = (
    r"base64\s(?:-d|-D|--decode)|kubectl\screate\stoken\s|vault\s(?:kv\sget|read)\s[^\n]{0,60}-field=|"
    r"gcloud\ssecrets\sversions\saccess|get-secret-value\s[^\n]{0,200}text|get-parameters?\s[^\n]{0,200}text|"
    r"az\skeyvault\ssecret\sshow|az\saccount\sget-access-token|print-(?:access|identity)-token|op\sread\s|bw\sget\spassword|"
    r"gh\sauth\stoken|heroku\sauth:token|oc\swhoami\s-t|terraform\soutput\s-raw|openssl\srand\s-|pwgen\s|wg\sgen(?:key|psk)|"
    r"(?:cat|head|tail)\s[^\n]{0,100}(?i:passw|secret|token|initialadmin)|printenv\s\w{0,40}(?i:pass|secret|token|key)|"
    r"echo\s[\"']?\$\{?\w{0,40}(?:PASS|SECRET|TOKEN|KEY)|jq\s-r\s[^\n]{0,60}(?i:passw|secret|token)"
)
_ASKS = r"sudo\s[^|\n]{0,40}-S|chpasswd|kinit|[^\n|]{0,120}(?:--?pass\w{0,4}-(?:on-)?stdin|--stdin|passphrase-fd)"
_READS = (
    r"su\s|smbpasswd|passwd\s|cryptsetup|(?:docker|podman)\s(?:secret|config|login)|gh\s|gcloud\ssecrets|gpg\s|vncpasswd|"
    r"openconnect|realm\s|adcli\s|bw\s|wrangler|vercel\s|kadmin"
)


def _piped(match: re.Match[str]) -> str | None:
    """Judge what is sent to another program's input: some read a password from it and nothing else."""
    return flagged(match) if match["sure"] else placed(match)


ARGUMENTS = Rules(
    (
        *(of_tools(names, before, placed, at_once=True) for names, before in _ORDER),
        *(of_tools(names, flag) for names, flag in _FLAGS),
        # .logon place/user,password
        anchored(placed, r"\.(?i:logon)\s[^\s/,]{0,80}/?[\w.$-]{1,60},\s?(?P<s>[^\s;\"']{3,100})", ".logon"),
        # uci set wireless.@wifi-iface[0].key='password'
        anchored(
            placed,
            rf"(?i:\buci\s)(?:-q\s)?set\s[^\s=]{{1,100}}\.(?i:key|sae_password|password|psk|secret|token)={VALUE}",
            "uci ",
        ),
        # createUser name SHA "password" AES "password"; rocommunity name
        anchored(placed, rf"(?i:createuser)\s\S{{1,60}}\s(?i:md5|sha\S{{0,4}})\s{VALUE}", "createuser "),
        anchored(
            placed,
            rf"(?i:createuser)\s\S{{1,60}}\s(?i:md5|sha\S{{0,4}})\s\S{{1,100}}\s(?i:des|aes\S{{0,4}})\s{VALUE}",
            "createuser ",
        ),
        anchored(telling("password"), rf"(?i:\br[ow]community6?)\s{VALUE}", "rocommunity|rwcommunity"),
        # password "Auth" "…", as OpenVPN's management has it.
        anchored(
            flagged,
            rf"(?i:password)\s\\?\"?(?:Auth|Private Key|HTTP Proxy|SOCKS Proxy)\\?\"?\s\\?{VALUE}",
            'password "|password auth|password private|password http|password socks',
        ),
        # user:password@tcp(host), as drivers for Go have it; user:password@host:port
        Rule(
            placed,
            re.compile(r"\b[\w.-]{1,60}:(?P<s>[^\s:@/\"'`]{3,120})@(?=(?:tcp|unix|cloudsql\S{0,20})\()"),
            ("@tcp(", "@unix(", "@cloudsql"),
        ),
        # A password sent to another program's input.
        anchored(
            _piped,
            r"\b(?:echo|printf)\s(?:-\w{1,3}\s)?[\"']?(?:[\w.-]{1,40}:(?=[^|]{3,200}chpasswd))?"
            r"(?P<s>[^\s\"'|$`-][^\s\"'|]{2,200}?)(?:\\n)?[\"']?"
            rf"\s{{0,3}}\|\s{{0,3}}(?=(?P<sure>{_ASKS})|{_READS})",
            "echo |printf ",
            rf"\|\s{{0,3}}(?:{_ASKS}|{_READS})",
        ),
    )
)
"""Rules for one line, whatever it holds."""

PRINTED = (
    Rule(
        telling("secret"),
        re.compile(rf"(?:{_PRINTS})[^\n]{{0,200}}\r?\n(?P<s>[^\s:]{{8,4000}})[ \t]{{0,9}}(?=\r?\n|\Z)"),
        (
            *("base64 -", "create token", "-field=", "secrets versions access", "get-secret-value", "get-parameter"),
            *("keyvault secret", "get-access-token", "print-", "op read", "get password", "auth token", "auth:token"),
            *("whoami -t", "output -raw", "rand -", "pwgen ", "wg gen", "cat ", "head ", "tail ", "printenv ", "echo "),
            "jq -r",
        ),
        re.compile(_PRINTS),
    ),
    # + echo password, + kinit user, as a shell's trace has a pipe.
    Rule(
        placed,
        re.compile(
            r"(?m)^\+{1,3} (?:echo|printf) (?:-\w{1,3} )?[\"']?(?P<s>[^\s\"']{3,200})[\"']?\r?\n"
            rf"\+{{1,3}} (?:{_ASKS}|{_READS})"
        ),
        ("+ echo ", "+ printf "),
    ),
    # user name password, in what is fed to an FTP client.
    Rule(
        placed,
        re.compile(
            r"(?m)^[ \t]{0,9}(?:quote )?user [^\s\"']{1,60} (?P<s>[^\s\"']{3,100})[ \t]{0,9}\r?\n[ \t]{0,9}"
            r"(?:bin(?:ary)?|asc(?:ii)?|m?put|m?get|l?cd|passive|prompt|quote|hash|type|ls|dir|mkdir|send|recv)\b"
        ),
        ("user ",),
    ),
)
"""Rules for a whole text: what tells of a secret stands on the line above or below it."""
