"""Repositories, packages, builds, monitoring and secret stores."""

ROWS = """
GitHub               | token   | ghp_ gho_ ghu_ ghs_ ghr_                       | w16+
GitHub fine-grained  | token   | github_pat_                                    | w20+
GitHub Actions       | token   | v1.                                            | h40 ?
GitLab               | token   | glpat- gldt- glrt- glptt- gloas- glcbt- glft-  | s15+
GitLab, more         | token   | glimt- glagent- glsoat- glffct- glwt- glrtr-   | s15+
GitLab runner        | token   | GR1348941                                      | w20+
Sourcegraph          | token   | sgp_ sgd_ slk_                                 | w40+
npm                  | token   | npm_                                           | a30+ ?
PyPI                 | token   | pypi-                                          | w40+
RubyGems             | token   | rubygems_                                      | h30+
crates.io            | token   | cio                                            | a32 ?
NuGet                | api_key | oy2                                            | l43
Docker Hub           | token   | dckr_pat_ dckr_oat_                            | w20+
Packagist            | token   | packagist_ack_ packagist_uut_ packagist_oat_   | a30+
JFrog                | api_key | AKCp                                           | a60+
JFrog reference      | token   | cmVmdGtu                                       | a40+
Terraform Cloud      | token   | atlasv1.                                       | w40+
Vault                | token   | hvs. hvb. hvr.                                 | w20+
Vault, older         | token   | s. b. r.                                       | a24 ?
Doppler              | token   | dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. | s30+
1Password service    | token   | ops_                                           | b60+
1Password older key | secret | A3- | u6 - u11 - u5 - u5 - u5
1Password secret key | secret  | A3-                                            | u6 - u6 - u5 - u5 - u5 - u5
Infisical            | token   | st.                                            | h20+ . s30+
Bitwarden            | token   | 0.                                             | h8 - h4 - h4 - h4 - h12 . a30+
age                  | private_key | AGE-SECRET-KEY-1 AGE-PLUGIN-               | u40+
Pulumi               | token   | pul-                                           | h30+
Rootly               | token   | rootly_                                        | h64
SettleMint           | token   | sm_pat_ sm_aat_                                | w16+
Buildkite            | token   | bkua_ bkagent_ bkct_ bkar_                     | a24+
CircleCI             | token   | CCIPAT_ CCIPRJ_                                | w30+
Travis, Harness      | token   | pat. sat.                                      | w20-24 . a20-26 . a18-24
Octopus Deploy       | api_key | API-                                           | u24-36
SonarQube            | token   | squ_ sqp_ sqa_ sqb_                            | a30+
Snyk                 | token   | snyk_uat. snyk_sat.                            | s30+
Prefect              | token   | pnu_ pnb_                                      | a30+
dbt                  | token   | dbtc_ dbtu_ dbts_                              | w30+
Dynatrace            | token   | dt0c01. dt0s01. dt0s02. dt0s08. dt0s16.        | a8-24 . a30+
New Relic insert     | api_key | NRII-                                          | w28+
Sentry               | token   | sntrys_ sntryu_ sntrya_ sntryi_                | y24+
Grafana              | token   | glsa_ glc_ eyJrIjoi                            | y30+
Honeycomb            | api_key | hcaik_ hcamk_ hcxik_ hcalk_ hcxmk_             | l30+
PagerDuty            | token   | pdus+                                          | w16+
Better Stack, Axiom  | token   | xaat- xapt- xait-                              | w30+
LaunchDarkly         | api_key | sdk- api-                                      | h8 - h4 - h4 - h4 - h12
Statsig, PostHog     | api_key | phx_ phs_ phr_ pha_ secret-                    | a30+ ?
Segment              | token   | sgp_                                           | a40+
Tailscale            | api_key | tskey-auth- tskey-api- tskey-client- tskey-    | w16+
ngrok                | api_key | ak_                                            | a27
OpenShift            | token   | sha256~                                        | w43
Kubernetes bootstrap | token   | k8s-aws-v1.                                    | w40+
Infracost            | api_key | ico-                                           | a32
ReadMe, GitBook      | token   | rdme_ gb_api_                                  | a30+
Scalingo, Clever     | token   | tk-us- tk-eu-                                  | w40+
Okta                 | token   | 00                                             | w40 ?
n8n                  | api_key | n8n_api_                                       | w20+
Trigger.dev, Inngest | api_key | tr_dev_ tr_prod_ tr_pat_ tr_stg_ signkey-prod- signkey-test- signkey-branch- | a16+
Atlassian            | token   | ATATT3x ATCTT3x                                | w20+
Bitbucket            | token   | ATBB                                           | a20+
New Relic            | api_key | NRAK- NRRA- NRSP- NRIQ-                        | a20+
Postman              | api_key | PMAK- PMAT-                                    | w24+
Checkly              | api_key | cu_                                            | h32
incident.io          | token   | inc_                                           | h60+
Stytch               | secret  | secret-live- secret-test-                      | w30+
Zuplo                | api_key | zpka_                                          | w20+
Zapier               | api_key | sk-ak-                                         | w20+
Svix                 | token   | testsk_                                        | w24+
Svix, Europe         | token   | sk_ testsk_                                    | a20-60 .eu
Svix, America        | token   | sk_ testsk_                                    | a20-60 .us
Authress             | api_key | sc_ ext_ scauth_ authress_                     | l5-30 . l4-6 .acc- w10-32 . b30+
Authress, older      | api_key | sc_ ext_ scauth_ authress_                     | l5-30 . l4-6 .acc_ w10-32 . b30+
Clojars              | token   | CLOJARS_                                       | l40+
Defined Networking   | token   | dnkey-                                         | a20-32 - a40+
NetBird              | token   | nbp_                                           | a30+
Coralogix            | api_key | cxtp_ cxup_                                    | a24+
FireHydrant          | token   | fhb-                                           | h32+
Datadog              | api_key | ddapp_ ddpat_                                  | w30+
Aikido               | token   | AIK_CI_ AIK_SECRET_                            | a20+
Endor Labs           | api_key | endr+                                          | w16+
Socket               | token   | sktsec_                                        | w30+
DeepSource           | token   | dsp_                                           | h40
Veracode             | api_key | vera01ei- vera01es-                            | h32+
StackHawk            | api_key | hawk.                                          | a16+ . a16+
Chromatic            | token   | chpt_                                          | h12+
Testmo               | token   | testmo_api_                                    | s30+
Censys               | api_key | censys_                                        | a8 _ a20+
SettleMint service   | token   | sm_sat_                                        | w16+
42 School            | secret  | s-s4t2ud- s-s4t2af-                            | h40+
Atlassian OAuth      | secret  | ATOA ATSTT3x                                   | b40+ *
JetBrains            | token   | perm: perm-                                    | b4+ . b4+ . b20+
Lichess              | token   | lip_ lio_                                      | a16+ *
WakaTime             | api_key | waka_                                          | w36+
Val Town             | token   | vtwn_                                          | a20+
Open VSX             | token   | ovsxp_ ovsxat_                                 | w30+
Iterative DVC        | token   | isat_                                          | a30+
Ionic                | token   | ion_                                           | a36+ ?
LocalStack           | token   | ls-                                            | a8 - a4 - a4 - a4 - a12-16 *
Unkey                | api_key | unkey_                                         | a16+ *
Arcjet               | api_key | ajkey_                                         | l20+
Mergify              | token   | mka_                                           | a30+ ?
Depot                | token   | depot_org_ depot_user_ depot_project_          | w30+
Namespace            | token   | nsct_ nsrt_                                    | w30+
Gitpod               | token   | gitpod_pat_                                    | s30+
CodeSandbox          | token   | csb_v1_                                        | w30+
Tuist                | token   | tuist_                                         | b40+
Healthchecks         | api_key | hcw_ hcr_                                      | a24+ *
PagerDuty REST       | token   | u+ y_                                          | w18 *
LogicMonitor         | token   | lmb_ lmv1_                                     | b40+ *
ConfigCat            | api_key | configcat-sdk-1/                               | w22 / w22
DevCycle             | api_key | dvc_server_ dvc_mobile_                        | w20+
Flagsmith            | api_key | ser.                                           | a20-24 *
Statsig console      | api_key | console-                                       | a36+ *
GrowthBook           | api_key | secret_admin_ secret_readonly_ secret_user_    | a20+ *
Stigg                | api_key | server-                                        | h8 - h4 - h4 - h4 - h12
Amplitude flags      | api_key | server-                                        | a28-36 *
Ory                  | token   | ory_at_ ory_ac_ ory_rt_ ory_pat_ ory_st_ ory_lo_ ory_wak_ ory_apikey_ | s30+
Descope              | api_key | K2 K3                                          | a50-90 *
Permit, Oso          | api_key | permit_key_ osok_                              | w30+
Corbado              | secret  | corbado1_                                      | a20+
Userfront            | api_key | uf_live_admin. uf_test_admin.                  | s20+
Stack Auth           | secret  | ssk_                                           | a40+ ?
Basis Theory         | api_key | key_prod_us_pvt_ key_test_us_pvt_ key_prod_eu_pvt_ key_test_eu_pvt_ | s20+
Pangea               | token   | pts_                                           | l32
Evervault            | api_key | ev:key:1:                                      | b30+
Skyflow              | api_key | sky-                                           | w36+ *
Nightfall            | api_key | NF-                                            | a30+ *
Dashlane             | token   | dls_                                           | w40+ ?
Phase                | token   | pss_service:v1: pss_service:v2: pss_user:v1:   | h64 : h64 : h64 : h64
Dotenv               | secret  | dotenv://:key_ vlt_                            | h40+
Laravel              | secret  | base64:                                        | b44
RFC 8959             | token   | secret-token:                                  | s16+
PASETO               | token   | v2.local. v3.local. v4.local. v2.public. v3.public. v4.public. | s40+
Kong                 | token   | kpat_ spat_                                    | a30+ *
Retool               | token   | retool_                                        | l24+ ?
Workato              | token   | wrkaus- wrkaeu- wrkajp- wrkasg- wrkaau- wrkatrialus- wrkatrialeu- wrkadevus- | b40+
Mintlify             | api_key | mint_dsc_ mint_                                | a20+ *
Outline              | api_key | ol_api_                                        | a30+
Chief Tools          | token   | ctp_ cti_ ctr_ cta_                            | a30+ ?
Hop                  | token   | ptk_                                           | b40+ *
minisign             | private_key | RWRTY0Iy                                   | b100+
Bitcoin HD keys      | private_key | xprv tprv yprv zprv                        | a100+
Nostr                | private_key | nsec1                                      | l58
"""
