"""Clouds, hosting, databases and storage."""

ROWS = """
AWS                  | api_key | AKIA ASIA ABIA ACCA A3T                        | u16-17
AWS session          | token   | FwoGZXIvYXdz IQoJb3JpZ2lu FQoGZXIvYXdz FQoDYXdz | b60+
AWS Bedrock          | api_key | ABSK                                           | b80+
AWS Bedrock, short   | api_key | bedrock-api-key-                               | b30+
AWS AppSync          | api_key | da2-                                           | l26
AWS MWS              | token   | amzn.mws.                                      | h8 - h4 - h4 - h4 - h12
Amazon LWA           | token   | Atza| Atzr| Atc|                               | b40+
Amazon LWA secret    | secret  | amzn1.oa2-cs.v1.                               | h40+
Google OAuth access  | token   | ya29.                                          | s20+
Google OAuth refresh | token   | 1//0                                           | w20+
Google OAuth code    | token   | 4/0A                                           | w20+
Google OAuth secret  | secret  | GOCSPX-                                        | w10+
Google HMAC          | api_key | GOOG1E                                         | u52+
Google HMAC user     | api_key | GOOG                                           | u20 ?
Google reCAPTCHA     | secret  | 6L                                             | w38 ?
Firebase messaging   | token   | AAAA                                           | w7 : w100+
Alibaba              | api_key | LTAI                                           | a16-24
Tencent              | api_key | AKID                                           | a28-44 ?
Yandex               | api_key | AQVN                                           | w34+
Yandex static        | api_key | YCAJ YCMN YCNP YCOO                            | w30+
Yandex OAuth         | token   | y0_                                            | w50+
Yandex IAM           | token   | t1.                                            | w20+ . w60+
Scaleway             | api_key | SCW                                            | u17 ?
DigitalOcean         | token   | dop_v1_ doo_v1_ dor_v1_                        | h32+
DigitalOcean spaces  | api_key | DO00                                           | u16 ?
DigitalOcean models  | api_key | sk-do-                                         | w24+
Cloudflare           | api_key | cfk_ cfut_ cfat_                               | w40+
Cloudflare CA        | api_key | v1.0-                                          | h24 - h64+
Fly                  | token   | fo1_                                           | w40+
Fly macaroon         | token   | fm1r_ fm1a_ fm2_                               | b60+
Render               | api_key | rnd_                                           | a24+
Netlify              | token   | nfp_ nfc_ nfo_ nfu_ nfb_                       | a24+
Vercel               | token   | vcp_ vci_ vca_ vcr_ vcs_                       | a24+
Vercel blob          | token   | vercel_blob_rw_                                | w24+
Heroku               | api_key | HRKU-                                          | w30+
Supabase             | token   | sbp_ sbp_oauth_ sbp_v0_ sba_                   | h30+
Supabase keys        | api_key | sb_secret_                                     | w16+
PlanetScale          | token   | pscale_tkn_ pscale_pw_ pscale_oauth_           | s24+
MongoDB Atlas        | secret  | mdb_sa_sk_                                     | w30+
Databricks           | token   | dapi                                           | h32+
Databricks secret    | secret  | dose                                           | h32+
Snowflake            | token   | ver:1-hint:                                    | b20+
ClickHouse           | secret  | 4b1d                                           | a38
Confluent            | secret  | cflt                                           | b56+
Xata, Fauna          | api_key | xau_ fnAE                                      | w30+
Tinybird             | token   | p.eyJ                                          | w20+ . w20+
Backblaze            | api_key | K00                                            | b28 ?
Deno                 | token   | ddp_ ddo_                                      | a30+
Aiven                | secret  | AVNS_                                          | w16+
Neon                 | api_key | napi_                                          | a30+
Elastic              | api_key | essu_                                          | b40+
Alibaba STS          | api_key | STS.                                           | a20-64 *
Alibaba STS token    | token   | CAIS                                           | b300+ *
Baidu                | api_key | bce-v3/ALTAK-                                  | p40+
Baidu key id         | api_key | ALTAK                                          | a21
Volcengine           | api_key | AKLT AKTP                                      | b40+ *
JD Cloud             | api_key | JDC_                                           | u24+
Microsoft account    | token   | EwA EwB EwC EwD                                | b200+ *
Microsoft refresh    | token   | 0.A 1.A                                        | w50+ . w40+
QuickBooks           | token   | AB11                                           | a40-60 *
QuickBooks refresh   | token   | RT1-                                           | w24+ ?
IBM service id       | api_key | ApiKey-                                        | h8 - h4 - h4 - h4 - h12
Akamai               | token   | akab-                                          | l16 - l16
Exoscale             | api_key | EXO                                            | a24-30 *
Exoscale, plain      | api_key | EXO                                            | h24-30 ?
UpCloud              | token   | ucat_                                          | a20+
Tigris               | api_key | tid_ tsec_                                     | w30+ *
CockroachDB          | api_key | CCDB1_                                         | a22 _ a40
DataStax Astra       | token   | AstraCS:                                       | a20+ : h60+
Aiven token          | token   | aivenv1                                        | b40+
DoltHub              | token   | dhat.v1.                                       | l40+
Materialize          | secret  | mzp_                                           | h60+
Imply                | api_key | pok_                                           | w40+ ?
Appwrite             | api_key | standard_ dynamic_                             | h100+
k3s, RKE2            | token   | K10                                            | h64 ::server: w16+
Docker Swarm         | token   | SWMTKN-1-                                      | l40-60 - l20+
NATS seeds           | private_key | SUA SAA SOA SNA SCA                        | u55
Cloudflare tunnel    | token   | eyJhIjoi                                       | b80+
Cloudflare Turnstile | secret  | 0x4AAAAAAA                                     | w27
hCaptcha             | secret  | ES_                                            | h32
Neon roles           | secret  | npg_                                           | a12-24 *
Teable               | token   | teable_acc                                     | a12+ _ b30+
Rows                 | api_key | rows-                                          | a40+ *
ImageKit             | secret  | private_                                       | b28 *
Qovery               | token   | qov_                                           | w30+ *
"""
