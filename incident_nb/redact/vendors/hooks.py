"""Addresses that whoever knows them may use: hooks, pings, calendars and endpoints whose path is a secret."""

ROWS = """
Make hook            | webhook | hook.make.celonis.com/ hook.eu3.make.com/ hook.us3.make.com/ | l20+
IFTTT hook, JSON     | webhook | maker.ifttt.com/trigger/                       | w1+ /json/with/key/ w20+
IFTTT key            | webhook | maker.ifttt.com/use/                           | w20+
Zapier hook          | webhook | hooks.zapier.com/hooks/standard/               | d4+ / a6+
Pabbly hook          | webhook | connect.pabbly.com/workflow/sendwebhookdata/   | w20+
Integrately hook     | webhook | webhooks.integrately.com/a/webhooks/           | a20+
Albato hook          | webhook | h.albato.com/wh/38/                            | w4+ / w16+
Workato hook         | webhook | webhooks.workato.com/webhooks/rest/ www.workato.com/webhooks/rest/ | w30+
Airtable hook        | webhook | hooks.airtable.com/workflows/v1/genericWebhook/ | p30+
Flock hook           | webhook | api.flock.com/hooks/sendMessage/               | w30+
Webex hook           | webhook | webexapis.com/v1/webhooks/incoming/ api.ciscospark.com/v1/webhooks/incoming/ | w40+
RingCentral hook     | webhook | hooks.ringcentral.com/webhook/ hooks.glip.com/webhook/ | s30+
Guilded hook         | webhook | media.guilded.gg/webhooks/                     | w36 / w40+
Dooray, Jandi hook   | webhook | hook.dooray.com/services/ wh.jandi.com/connect-api/webhook/ | p20+
Gitter hook          | webhook | webhooks.gitter.im/e/                          | h16+
Pushcut, Bark        | webhook | api.pushcut.io/ api.day.app/                   | a18+
Chanify              | webhook | api.chanify.net/v1/sender/                     | s30+
Healthchecks         | webhook | hc-ping.com/                                   | w22+
Better Stack         | webhook | uptime.betterstack.com/api/v1/heartbeat/ betteruptime.com/api/v1/heartbeat/ | a16+
Cronitor             | webhook | cronitor.link/p/                               | a20+
PagerDuty            | webhook | events.pagerduty.com/integration/ events.eu.pagerduty.com/integration/ | h32
Squadcast            | webhook | api.squadcast.com/v2/incidents/api/ api.squadcast.com/v2/incidents/prometheus/ | h30+
Splunk On-Call       | webhook | alert.victorops.com/integrations/generic/20131114/alert/ | w30+
Zenduty              | webhook | www.zenduty.com/api/events/ events.zenduty.com/api/events/ | w30+
Loggly               | webhook | logs-01.loggly.com/inputs/ logs-01.loggly.com/bulk/ | w36
Sumo Logic           | webhook | sumologic.com/receiver/v1/http/                | b40+
Netlify build        | webhook | api.netlify.com/build_hooks/                   | h20+
Vercel deploy        | webhook | api.vercel.com/v1/integrations/deploy/         | w20+ / a8+
Cloudflare Pages     | webhook | api.cloudflare.com/client/v4/pages/webhooks/deploy_hooks/ | w36
Docker Hub build     | webhook | hub.docker.com/api/build/v1/source/            | w36 /trigger/ w36
iCloud calendar      | token   | icloud.com/published/2/                        | w40+
Alchemy              | api_key | g.alchemy.com/v2/ g.alchemy.com/nft/v3/        | w20+
Infura               | api_key | infura.io/v3/ infura.io/ws/v3/                 | h32
QuickNode            | api_key | quiknode.pro/                                  | h30+
Ankr                 | api_key | rpc.ankr.com/                                  | w2-30 / h40+
Chainstack           | api_key | p2pify.com/ core.chainstack.com/               | h30+
GetBlock             | api_key | go.getblock.io/ getblock.io/                   | h30+
NodeReal, Blast      | api_key | nodereal.io/v1/ blastapi.io/                   | w30+
Tenderly             | api_key | gateway.tenderly.co/                           | a20+
ExchangeRate API     | api_key | v6.exchangerate-api.com/v6/                    | h24
Dark Sky alike       | api_key | api.pirateweather.net/forecast/ api.darksky.net/forecast/ | a30+
"""
