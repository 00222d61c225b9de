"""What tools, files, tables and sentences do with a secret, one line a rule; and what stands in the same places without one."""

from __future__ import annotations

import pytest

from incident_nb.redact.gate import Redactor

GATE = Redactor(b"0" * 32)
P, Q = "Harbor-73kite", "xK29fLq8Zt4Wm1Rb"
KEY = "m76EBhqFGlZvjh7OPqmd0tfvJrl4T8eC8DkTQ8miutg="
PEER = "0sDACYy6K0dibweHJQzNDbrcc2ml8fU38HAT019Asxk="

ARGUMENTS = [
    f"radtest lager4 {P} localhost 0 shared77Secret",
    f"radtest -t mschap bob Walnut99! 10.0.0.2:1812 0 {Q}",
    f"wbinfo -a CORP\\bob%{P}",
    f"cf auth bob@example.test {P}",
    f"bw login bob@example.test {P}",
    f"CONNECT TO sales USER bob USING {P}",
    f"default login bob password {P}",
    f"/msg NickServ identify bob {P}",
    f"AUTH {P}",
    f'got "A001 LOGIN bob {P}" from the client',
    f"sent AUTH default {Q} at noon",
    f"alter user bob identified by {P}",
    f'Authorization: Digest username="app", realm="x", nonce="{Q}", uri="/", response="{Q}"',
    f"vault operator unseal {Q}",
    f"composer config http-basic.repo.example.test ci {P}",
    f"etcdctl user add root:{P}",
    f"mysqlsh app:{P}@db1/shop",
    f"mosquitto_passwd -b /etc/passwd gw1 {P}",
    f"prosodyctl register bob example.test {P}",
    f"mc admin user add lager bob {P}",
    f"ipmitool -I lanplus -H 10.0.0.1 user set password 2 {P}",
    f"samba-tool user create bob {P}",
    f"qpdf --encrypt '{P}' owner77Word 256 -- a.pdf b.pdf",
    f"pulumi config set --secret dbPassword {P}",
    f"EXEC sp_addlogin 'reporting', '{P}', 'master'",
    f"secretsdump.py CORP/bob:{P}@10.0.0.9",
    f"sqlldr userid=stage/{P}@ORCL control=load.ctl",
    f"http -A bearer -a {Q} https://api.example.test/me",
    f"swaks --to b@example.test -au mailer -ap {P}",
    f"iscsiadm -m node -n node.session.auth.password -v {P}",
    f"nmcli con modify Office wifi-sec.psk {P}",
    f"tasklist /s h1 /u bob /p {P}",
    f"schtasks.exe /query /s h1 /u bob /p {P}",
    f"mysqlsh.exe app:{P}@db1/shop",
    f"echo {P} | passwd --stdin bob",
    f"echo {P} | su - bob",
    f"ttyd -c bob:{P} bash",
    f"slappasswd -s {P}",
    f"security unlock-keychain -p {P} login.keychain",
    f"gh secret set DB_PASSWORD --body {P}",
    f"kubectl create secret generic s --from-literal=login={P}",
    f".logon tdprod/loader,{P};",
    f"uci set wireless.@wifi-iface[0].key='{P}'",
    f'createUser monitor SHA "{P}" AES "other77Word"',
    f"rocommunity {P} 10.0.0.0/8",
    f'MANAGEMENT: CMD \'password "Auth" "{P}"\'',
    f"app:{P}@tcp(10.0.0.12:3306)/shop",
    f"echo {P} | cryptsetup luksOpen /dev/sdb1 data",
    f"+ echo {P}\n+ kinit svc@EXAMPLE.TEST",
    f"open ftp.example.test\nuser importer {P}\nbinary\nbye",
    f"$ kubectl get secret pg -o jsonpath='{{.data.password}}' | base64 -d\n{Q}",
    f"vault kv get -field=password secret/crm\n{Q}",
]

FILES = [
    f"SQLConnectInfo ftpdb@localhost ftpuser {P}",
    f"sentinel auth-pass mymaster {P}",
    f"rootpw --plaintext {P}",
    f"  wpa-psk {P}",
    f"proxy_auth_pass {P}",
    f"imap_pass {P}",
    f"SET PASSWORD = OLD_PASSWORD('{P}')",
    f"  stats auth admin:{P}",
    f"[smtp.example.test]:587 mailer@example.test:{P}",
    f"bob:{{PLAIN}}{P}:1000:1000::/home/bob",
    f'"app" "{Q}"',
    f"user worker on >{P} ~jobs:* +@all",
    f'PlainLoginModule required username="a" user_admin="{P}";',
    f"    DefaultPassword    REG_SZ    {P}",
    f"reg add HKLM\\SOFTWARE\\Winlogon /v DefaultPassword /t REG_SZ /d {P} /f",
    f"mysql-server mysql-server/root_password password {P}",
    f"CRTUSRPRF USRPRF(BOB) PASSWORD({P}) USRCLS(*USER)",
    f'api:\n  encryption:\n    key: "{KEY}"',
    f"Login incorrect (pap): [bob/{P}] (from client ap1)",
    f"<AdministratorPassword><Value>{P}</Value></AdministratorPassword>",
    f"chpasswd:\n  list: |\n    root:{P}\n  expire: False",
    f'"filiale3"  l2tpd  "{P}"  *',
    f"wg0\t{KEY}\t{PEER}\t51820\toff",
    f"'crypt' => [\n        'key' => '{Q}{Q}'\n    ],",
    f'      + master_password      = "{P}"',
    f"userPassword:: {Q}",
    f'HikariConfig - password........................"{P}"',
    f"    mysql:\n        root_password:\n            {Q}",
    f"-[ RECORD 1 ]--\nlogin    | lager\npassword | {P}",
    "user worker on #" + "18cc6e1659cdf3ab" * 4 + " ~* +@all",
    "Keep these recovery codes safe:\n  1. 147a6-dd2a7\n  2. e4aa1-7ba16",
]

TABLES = [
    f"INSERT INTO t (`name`, `api_secret`) VALUES ('a;b','{Q}'),('it''s','{Q}9'),\n ('c', '{Q}8');",
    f"replace into t (id, pass) values (1, md5('{P}')), (2, '{P}')",
    f"COPY public.users (id, login, password) FROM stdin;\n1\tadmin\t{P}\n2\tlager\t{P}\n\\.",
    f"HOST       USER      PASSWORD        PORT\nsftp01     export    {P}    22\nsftp02     export    {P}    22",
    f"USER      TOKEN     AGE\nci        {Q}{Q}  12d",
    f"USERNAME   PASSWORD        CREATED\n---------- --------------- ---------\nLAGER      {P}   01-JAN-24",
    f"<table><tr><th>Login</th><th>Password</th></tr><tr><td>a</td><td><code>{P}</code></td></tr></table>",
    f"<tr><td><b>Password:</b></td><td>{P}</td></tr>",
    f"<li><strong>Passwort:</strong> {P}</li>",
    f"<p>Your password is <code>{P}</code>.</p>",
    f"Ihr neues Passwort lautet: =\n{P}=\n\nMit freundlichen Gr=C3=BC=C3=9Fen",
]

CODE = [
    f'System.setProperty("javax.net.ssl.keyStorePassword", "{P}");',
    f'new ClientSecretCredential(tenantId, clientId, "{Q}")',
    f"jwt.sign({{ id: 7 }}, '{P}', {{ expiresIn: '1h' }})",
    f"crypto.createHmac('sha256', '{P}').update(body)",
    f"new Fernet(b'{KEY}')",
    f"headers: {{ Authorization: 'Token ' + '{Q}' }}",
    f"credentials=('svc', '{P}')",
    f'command: ["--user", "app", "--password", "{P}"]',
    f"'{P}' | ConvertTo-SecureString -AsPlainText -Force",
    f"Authorization: App {Q}{Q}",
    f"authorization: SDK-Token {Q}",
    f"grant_type=password&password={P}&user=svc",
    f"smtp.password -> {Q}",
    f"nøgle={Q}",
    f"X-Gladia-Key: 3f2504e0-4f89-41d3-9a0c-0305e82c3301-{Q}",
    f'"args": ["shop", 2, "{P}", "res.partner", "search"], "service": "object"',
]

SENTENCES = [
    f"I changed the password from {P} to other77Word! yesterday",
    f"please use {P} as the password for the import",
    f"{P}9 ist das neue Passwort für den Scanner",
    f"log in with svc:{P}9 at the portal",
    f"admin login: svc/{P}9",
    f"Inloggegevens: svc / {P}",
    f"Yeni şifreniz: {P}",
    f"Sunucunun şifresi {P} olarak değiştirildi.",
    f"パスワードは「{P}」です",
    f"Noua parolă este {P}",
    f"Ο κωδικός πρόσβασης είναι {P}",
    f"Der WLAN-Schlüssel fürs Lager: {P}",
    f"PW ist übrigens {P}",
    "Der Code für die Hintertür lautet 771916 und wird montags geändert.",
    "the code for the front door is 771916",
    "Garagentorcode: 771916",
    "Haupteingang-Code 771916#",
    "digicode : 771916",
    "el código de la puerta es 771916",
    "771916 es tu código de acceso",
    f"Inloggegevens: svc/{P}9",
    f"dados de acesso: svc/{P}9",
    f"{P}9 jest nowe hasło",
    f"{P}9 is the passphrase",
    f"le mot de passe {P}",
    f"İstanbul: the account key {Q} was seen",
    "Recovery words: " + " ".join(["harbor", "kite", "lager", "otter", "plume", "quiet"] * 2),
    "2FA-Backup: 7182 6457",
]

KEPT = [
    "radtest user passwd radius-server[:port] nas-port-number secret",
    "vault unseal progress 2/3",
    "Error: vault login failed: permission denied",
    "mysqladmin password change failed, see the log",
    "wpa_passphrase failed to start",
    "isql could not connect to the server",
    "mc alias set failed for the host minio",
    "cargo login is required",
    "echo done | gh pr comment",
    "head token.txt\nhead: cannot open 'token.txt' for reading: No such file or directory",
    "check_http -p 8443 -H web1",
    " -u, --user <user:password>  Server user and password",
    "wget: missing --http-password value",
    "sentinel auth failed",
    "rootpw command not found",
    '"user1" "role2"',
    "10.0.0.1 web1:8080",
    "user bob on > 3 devices",
    "CHAR(10) PASSWORD(USER)",
    "encryption:\n  key: main",
    "limit=20\nDB_PASSWORD=\nAPI_URL=https://x.example.test",
    "a=3Db and c=20",
    "KEY        VALUE      TYPE\npassword   changed    event\nretries    3x         int",
    "NAME     PASSWORD   EXPIRES\nbob      set        never\neve      not set    90 days",
    "FIELD      SECRET   NOTE\ntoken      yes      rotate90",
    "Option            Default   Meaning\npassword          none      asks when empty\ntimeout           30        seconds",
    "INSERT INTO users (login, password) VALUES ($1, crypt($2, gen_salt('bf')))",
    "INSERT INTO users (login, password, role) VALUES (?, ?, 'admin77')",
    "INSERT INTO items (sku, name) VALUES ('AB-7-X','Lampe'),('AB-8-Y','Schirm')",
    "UPDATE users SET password = :password WHERE id = :id",
    "<tr><th>Password</th><td>required</td></tr>",
    "<tr><th>Password</th><th>Last change</th></tr><tr><td>set</td><td>2026-11-02</td></tr>",
    "<tr><td>Password</td><td>expired on 2026-11-02 12:00</td></tr>",
    "<table><tr><td>Password:</td><td>never</td></tr></table>",
    "user n8n using SCRAM-SHA-256",
    "connect failed for user bob using OAuth2",
    "could not connect as user postgres using SSLv3, see the log",
    "connection of user postgres using TLSv1.3 was closed",
    "The login or password you entered is wrong",
    "Login and password combination",
    "Could not identify workflow Order-Sync_v2",
    "identify user u-123456",
    "LOGIN user1 denied403 by policy",
    "AUTH denied403 by policy",
    "AUTH error E1234x returned",
    "Item identified by SKU-1234x not found",
    'WWW-Authenticate: Digest realm="api", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", qop="auth", stale=true',
    "WWW-Authenticate: Digest realm=api, nonce=dcd98b7102dd2f0e8b11d0f600bfb0c093, opaque=5ccc069c403ebaf9",
    "<b>Password</b> was changed on 2026-11-02",
    '<password xsi:type="xsd:string"></password>',
    "The password <b>must</b> have <code>8-64</code> characters",
    't("login.password", "Passwort")',
    'props.put("password.min.length", "12")',
    "createHmac('sha256', key)",
    '["--password", "--user"]',
    "Authorization: denied by policy allow-internal-only",
    "Authorization header missing in request 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    '"POST /oauth2/token HTTP/1.1" 400 77',
    "X-Routing-Key: orders.eu.created",
    "password: ENC[AES256_GCM,data:Tr7o=,iv:1=,tag:2=,type:str]",
    "SECRET_KEY=changeme",
    "existingSecret: n8n-db-2443",
    "password -> hash",
    "config :app, App.Repo, password: System.get_env(\"DB_PASS\")",
    "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?must be set}",
    "$pw_gecos   = $pwob->gecos",
    "Use 2FA as the password fallback",
    "use option3 as password policy",
    "The user admin1 is password protected",
    "login: user/profile",
    "The code for the building block is 300 lines",
    "the code for this gate change is in PR 4711",
    "door code review 2026",
    "Connector code 504",
    "the executor code 137 was returned",
    "operator code 12345",
    "aggregate code 502, deadlock code 1213",
    "deadlock code: 12130",
    "The error code of the connector is 5040",
    "the status code of the gate is 5030",
    "code of the gateway is 5040",
    "code for the portals are 5040 lines",
    "Wareneingang Code 12345",
    "Schlüssel \"kunde-4711\" nicht gefunden",
    "ключ: order_id",
    "https://user:pass@example.test/path",
    "mysql://user:password@localhost:3306/db",
    "ghp_" + "x" * 36,
    "key exchange: curve25519-sha256; cipher: aes256-gcm@openssh.com",
    "Message-ID: <82af4a9dd680ee086fe7.9567@mail.example.org>",
    "?p=BadCredentials pW9WGPEj4woy9thYEH8L - gsmtp",
    "Ersatzteil 06-4713-2290-18 ersetzt 06-4713-2290-17",
]  # fmt: skip


@pytest.mark.parametrize("text", [*ARGUMENTS, *FILES, *TABLES, *CODE, *SENTENCES])
def test_a_secret_is_masked_where_it_stands(text: str) -> None:
    clean = GATE.text(text, personal=True)
    told = (P, Q, KEY, "18cc6e1659cdf3ab", "147a6-dd2a7", "e4aa1-7ba16", "771916", "7182", "6457", "otter")
    secrets = [secret for secret in told if secret in text]
    assert secrets and not any(secret in clean for secret in secrets)
    assert GATE.text(clean, personal=True) == clean


def test_what_a_tool_reads_its_password_from_may_hold_a_plain_word() -> None:
    assert "hunter" not in GATE.text("echo hunter | sudo -S systemctl restart n8n")
    assert "hunter" not in GATE.text("echo bob:hunter | chpasswd")


@pytest.mark.parametrize("text", KEPT)
def test_what_stands_there_without_a_secret_is_kept(text: str) -> None:
    assert GATE.text(text, personal=True) == text
    assert GATE.text(f"Error 7: {text}", personal=True) == f"Error 7: {text}"


def test_rows_keep_what_is_no_secret() -> None:
    clean = GATE.text(f"insert into t (id, login, password) values (1, 'a, (b)', '{P}'), (2, 'c', null);\nselect 1")
    assert clean.startswith("insert into t (id, login, password) values (1, 'a, (b)', '[password:")
    assert clean.endswith("'), (2, 'c', null);\nselect 1")
    table = GATE.text(f"HOST   PASSWORD        PIN        OWNER\nh1     {P}   {Q}   Huber\nh2     short-7   {Q}  Maier")
    assert "Huber" in table and "Maier" in table and P not in table and GATE.text(table) == table
