"""Chat, mail, telephone, social networks and push."""

ROWS = """
Slack                | token   | xoxb- xoxp- xoxa- xoxr- xoxe- xoxs- xoxo- xoxc- xoxd- xapp- xwfp- xoxe.xoxp- xoxe.xoxb- | w10+
Slack hook           | webhook | hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/ | p16+
Slack hook           | webhook | hooks.slack-gov.com/services/                  | p16+
Discord hook         | webhook | discord.com/api/webhooks/ discordapp.com/api/webhooks/ | d10-30 / w16+
Discord hook         | webhook | canary.discord.com/api/webhooks/ ptb.discord.com/api/webhooks/ | d10-30 / w16+
Teams hook           | webhook | webhook.office.com/webhookb2/                  | q20+
Teams connector      | webhook | outlook.office.com/webhook/ outlook.office365.com/webhook/ | q20+
Google Chat hook     | webhook | chat.googleapis.com/v1/spaces/                 | w6+ /messages?key= q20+
Lark hook            | webhook | open.feishu.cn/open-apis/bot/v2/hook/ open.larksuite.com/open-apis/bot/v2/hook/ | w20+
WeCom hook           | webhook | qyapi.weixin.qq.com/cgi-bin/webhook/send?key=  | w20+
DingTalk hook        | webhook | oapi.dingtalk.com/robot/send?access_token=     | a20+
Zapier hook          | webhook | hooks.zapier.com/hooks/catch/                  | d4+ / a6+
Make hook            | webhook | hook.us1.make.com/ hook.us2.make.com/ hook.eu1.make.com/ hook.eu2.make.com/ | l20+
Make hook            | webhook | hook.integromat.com/                           | l20+
IFTTT hook           | webhook | maker.ifttt.com/trigger/                       | w1+ /with/key/ w20+
SendGrid             | api_key | SG.                                            | w16-64 . w16+
Mailgun              | api_key | key-                                           | h32
Brevo                | api_key | xkeysib- xsmtpsib-                             | w20+
Resend               | api_key | re_                                            | a8-16 _ a16+
MailerSend           | api_key | mlsn.                                          | h30+
Klaviyo              | api_key | pk_                                            | h34
ConvertKit           | api_key | kit_                                           | h30+
Beamer               | token   | b_                                             | w44 ?
OneSignal            | api_key | os_v2_app_ os_v2_org_                          | l40+
Twilio               | api_key | SK                                             | h32
Telnyx               | api_key | KEY                                            | u30-34 _ a20+
Courier, Knock       | api_key | pk_prod_ dk_prod_ sk_knock_                    | u24+
Pushover, ntfy       | token   | tk_                                            | l29
Intercom             | token   | dG9rO                                          | b40+
Adafruit IO          | api_key | aio_                                           | a28
Meta Instagram       | token   | IGQ IGAA                                       | w50+
Meta Threads, Oculus | token   | THAA OC|                                       | b50+ ?
X (Twitter)          | token   | AAAAAAAAAAAAAAAAAAAAA                          | t40+
LinkedIn             | token   | AQX AQV AQU AQW                                | w80+ ?
LinkedIn secret      | secret  | WPL_AP1.                                       | a14+ . b6+
TikTok               | token   | act. rft.                                      | a30+
Pinterest            | token   | pina_ pinr_                                    | w30+
VK                   | token   | vk1.a.                                         | w60+
Twitch, Kick         | token   | oauth:                                         | l30
Spotify, SoundCloud  | token   | BQ                                             | w100+ ?
Nylas                | api_key | nyk_v0_ nyk_                                   | a30+
Cal.com              | api_key | cal_live_ cal_                                 | h24+
PubNub               | api_key | sub-c- pub-c- sec-c-                           | w36+
Mandrill             | api_key | md-                                            | w22 *
ZeptoMail            | api_key | wSsVR PHtE6                                    | b60+ *
EmailOctopus         | api_key | eo_                                            | h40+
SMTP2GO              | api_key | api-                                           | u32 ?
Pushbullet           | token   | o.                                             | a32 *
Matrix               | token   | syt_ mct_ mat_                                 | b28+
ServerChan           | token   | SCT                                            | d3-8 T a18+
Discord session      | token   | mfa.                                           | w60+
Spotify refresh      | token   | AQA AQB AQC AQD                                | w100+ *
Epic                 | token   | eg1~                                           | s60+
"""
