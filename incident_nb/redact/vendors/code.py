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
Clojars              | token   | CLOJARS_                                       | h40+
Packagist            | token   | packagist_ack_ packagist_uut_ packagist_oat_   | a30+
JFrog                | api_key | AKCp                                           | a60+
JFrog reference      | token   | cmVmdGtu                                       | a40+
Terraform Cloud      | token   | atlasv1.                                       | w40+
Vault                | token   | hvs. hvb. hvr.                                 | w20+
Vault, older         | token   | s. b. r.                                       | a24 ?
Doppler              | token   | dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. | s30+
1Password service    | token   | ops_                                           | b60+
1Password secret key | secret  | A3-                                            | u6 - u6 - u5 - u5 - u5 - u5
Infisical            | token   | st.                                            | h20+ . s30+
Bitwarden            | token   | 0.                                             | h8 - h4 - h4 - h4 - h12 . a30+
age                  | private_key | AGE-SECRET-KEY-1 AGE-PLUGIN-               | u40+
Pulumi               | token   | pul-                                           | h30+
Rootly               | token   | rootly_                                        | h64
Defined Networking   | token   | dnkey-                                         | l20-32 - l40+
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
New Relic browser    | api_key | NRJS- NRBR-                                    | h16+
Sentry               | token   | sntrys_ sntryu_ sntrya_ sntryi_                | y24+
Grafana              | token   | glsa_ glc_ eyJrIjoi                            | y30+
Honeycomb            | api_key | hcaik_ hcamk_ hcxik_ hcalk_ hcxmk_             | l30+
PagerDuty            | token   | pdus+                                          | w16+
Better Stack, Axiom  | token   | xaat- xapt- xait-                              | w30+
LaunchDarkly         | api_key | sdk- api- mob-                                 | h8 - h4 - h4 - h4 - h12
Statsig, PostHog     | api_key | phc_ phx_ phs_ phr_ pha_ secret-               | a30+ ?
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
"""
