"""Keys in one table: what kind of secret stands under each, and the test that its value must pass.

The first row that matches a key (in lower case, without accents, letters and digits only) counts. A row of kind `-` lets the
value be. Where a vendor's key has no shape of its own, the vendor's header or variable is found here.
"""

ROWS = r"""
cookie      cookies     cookies?2?$
cookie      session     sess(?:ion)?(?:id|key|cookie|token)$|connectsid$|session$|^sid$|phpsessid
-           -           secrets?(?:manager|store|id|name|arn|ref|path|version|engine|provider|backend)$
-           -           (?:page|next|prev|previous|sync|continuation|cursor|delta|start|skip|pagination|change|resumption)token$
-           -           (?:idempotency|cache|partition|sort|foreign|unique)key$
-           -           (?:public|object|dedup|dedupe|deduplication|grouping)key$
-           -           (?:translation|i18n|lookup|issue|message|row|range|hash|order|join|natural|composite|index|item)key$
-           -           (?:state|bucket|file|map|dict|json|config|feature|flag|metric|label|group)key$
-           -           keys$|^oldpwd$|^key\d?$|websocket(?:key|accept)$
api_key     hex_key     ^appid$|^xhoneycombteam$
api_key     opaque      ^hapikey$
secret      opaque      connectionstring$|^dsn$|sharedaccesssignature$
-           -           (?:url|uri|type|name|id|ids|length|count)$
-           -           (?:policy|expiry|expires|expiresin|expiresat|field|hint|ttl|limit)$
-           -           (?:usage|required|enabled|valid|status|error|message|scope|algorithm|method|version|format|prefix)$
-           -           (?:location|placement|path|file|dir|class|label|title|description|input|question|strength|score)$
-           -           (?:rules|reset|changed|updated|created|age)$
password    anything    passw(?:or)?[dt]s?\d?$|passwd\d?$|passphrase$|passcode$|^pass$|pgpassword|mysqlpwd
password    anything    passw(?:or)?d(?:confirm(?:ation|ed)?|repeat(?:ed)?|again|verify|retype|new|old|current)$|^pw\d?$
password    no_path     ^(?:\w*user)?pwd\d?$
password    anything    (?:kennwort|contrasen[iy]?a|motdepasse|mdp|senha|palavrapasse|palavrachave|wachtwoord|haslo|jelszo)$
password    anything    (?:losenord|adgangskode|passord|salasana|sifre|lozinka|geslo|heslo|parola|matkhau|katasandi|kodeord)$
password    anything    (?:пароль|密码|密碼|口令|パスワード|비밀번호)$
password    anything    (?:db|smtp|imap|pop|ftp|ssh|sql|pg|postgres|redis|admin|root|user|basic|proxy|my)(?:pass|pw)\d?$
password    anything    (?:http|email|mail)(?:pass|pw)\d?$
password    anything    (?:mq|mongo|bind|ldap|wifi|key|trust|store|client|server|api|service|app|account|login|sa)(?:pass|pw)\d?$
password    anything    pwd$|^(?:pin|pincode|puk)$
otp         code_or_token ^(?:otp|totp|mfa|2fa|sms|verification|onetime)(?:code|token|password|pin)?\d?$
otp         code_or_token ^(?:recovery|backup|security|login)(?:code|token|pin)\d?$
otp         short_code  ^code2fa$|otpcode$
-           -           (?:by|com|tres|over|under|sur|encom|first|second|last|multi|single|two|one|next)pass$
-           -           (?:boarding|season|ski|day|render|shader|event|gate|rail|bus|travel|free|mouse|main)pass$
password    not_wordy   pass\d?$
password    anything    ^requirepass$|^masterauth$
password    not_wordy   passkey$
credential  credentials (?:redis|mongo|db|basic|http|smtp|proxy|ldap|mqtt)auth$
password    anything    rootpw$|adminpw$|userpw$
private_key anything    private(?:key|pem|keypem)$|keydata$|mnemonic$|(?:seed|recovery)phrase$
secret      not_wordy   secret\d?$|secret(?:key|value|accesskey|live|test|v\d)$|^psk$|salt$|pepper$
secret      not_wordy   (?:encryption|decryption|signing|shared|hmac|preshared|webhook|cipher|crypt|aes|vapid)key$
secret      not_wordy   geheimnis$|segredo$|secreto$|segreto$|clavesecreta$|clesecrete$
api_key     not_wordy   apikey\d?|api(?:token|secret|schlussel)
api_key     not_wordy   (?:cle|clave|chave|chiave|clavede|chavede|chiavede)api|applicationkey$
api_key     not_wordy   (?:access|subscription|master|functions?|licen[sc]e|auth|authentication|authorization)key\d?$
api_key     not_wordy   (?:storage|sas|deploy|ingest|write|admin|insert)key\d?$
api_key     not_wordy   (?:zugangs|api|geheim)schlue?ssel
api_key     opaque      (?:account|service|app|client|server|user)key\d?$
api_key     opaque      (?:storage|routing|instrumentation|nonce|hmac|fastly|recurly)key\d?$
api_key     opaque      (?:consumer|integration|developer|partner|merchant|host|primary)key\d?$
api_key     opaque      (?:secondary|bot|rest|site|project|org|team|read|data|env|device|shop|store|node|tenant|customer)key\d?$
api_key     opaque      (?:x|signature|role|anon|rapid|query|search|session|enc|sign)key\d?$
signature   opaque      signature(?:v?\d{1,3})?$|^sig$|^xhub\w*$
credential  anything    ^x?(?:amz|goog)credential$
token       not_wordy   token(?:s?ecret|value|v?\d)?$|^bearer$|jwt$|authorization$|^xauth$|oauthverifier$|codeverifier$
token       opaque      saml(?:response|request|art)$|^wresult$
token       not_wordy   ^artapi$|jfrogartapi$
token       not_wordy   jeton\w*$|^\w{0,12}pat$|assertion$|^ticket$|^nonce$|apiauth$
credential  credentials ^(?:credentials?|auth|basicauth|authentication|authorizationcode|authcode|oauthcode|accesscode|userpwd)$
credential  credentials ^(?:identifiants|zugangsdaten|credenciales)$
token       random_run  ^(?:access|refresh)$
phone       many_digits (?:phone|mobile|whatsapp|msisdn|fax|telefone?|telefon[oi]?|telefoon)(?:number|no|num|nummer|nr|e164)?\d?$
phone       many_digits (?:telefonnummer|rufnummer|handynummer|celular|movil|portable|mobil)(?:number|no|num|nummer|nr|e164)?\d?$
phone       many_digits ^(?:tel|cell|cellphone|handy|waid)$
card        many_digits ^(?:credit|debit|payment)?card(?:number|no|num)?$|^ccnum(?:ber)?$|^pan$|kreditkarte|tarjeta$
card        anything    ^(?:cvv2?|cvc2?|cardsecuritycode)$
ssn         many_digits (?:^|us)ssn$|socialsecurity(?:number|no)?$
iban        many_digits iban$
secret      random_run  key|token|secret|auth|cred|passw|signature|session|bearer
"""
