"""Models, speech, search and agents."""

ROWS = """
Anthropic            | api_key | sk-ant-                                        | w16+
OpenAI               | api_key | sk-proj- sk-svcacct- sk-admin- sk-None-        | w20+
OpenRouter           | api_key | sk-or-v1- sk-or-                               | w24+
OpenAI and alike     | api_key | sk-                                            | w18+ ?
OpenAI sessions      | token   | sess-                                          | a40+
Google AI, Maps      | api_key | AIza                                           | w30+
Google AI Studio     | api_key | AQ.Ab8                                         | w30+
Groq                 | api_key | gsk_                                           | a20+
Replicate            | api_key | r8_                                            | a20+
Hugging Face         | token   | hf_ api_org_                                   | a20+
Perplexity           | api_key | pplx-                                          | a20+
xAI                  | api_key | xai-                                           | a20+
Together             | api_key | tgp_v1_                                        | w20+
Fireworks            | api_key | fw_                                            | a20-60 ?
Cerebras             | api_key | csk-                                           | l24+ ?
SambaNova, NVIDIA    | api_key | nvapi- snova-                                  | w20+
ElevenLabs           | api_key | sk_                                            | h40+
Pinecone             | api_key | pcsk_ pckey_                                   | w20+
Voyage               | api_key | pa-                                            | w40+ ?
Jina                 | api_key | jina_                                          | w30+ ?
Nomic                | api_key | nk-                                            | w40+ ?
Tavily               | api_key | tvly-                                          | w20+
Firecrawl            | api_key | fc-                                            | h28+
LangSmith            | api_key | lsv2_pt_ lsv2_sk_                              | h32 _ h10
LangSmith, older     | api_key | lsv2_pt_ lsv2_sk_ ls__                         | h20+
Langfuse             | api_key | sk-lf- pk-lf-                                  | w30+
Helicone             | api_key | sk-helicone- pk-helicone-                      | w20+
Modal                | token   | ak- as- wk- ws-                                | a12-40 ?
E2B                  | api_key | e2b_                                           | h30+
Browserbase          | api_key | bb_live_ bb_test_                              | w20+
Apify                | api_key | apify_api_ apify_proxy_                        | a20+
Scrapfly             | api_key | scp-live- scp-test-                            | h28+
Vercel AI gateway    | api_key | vck_                                           | a24+
Weights and Biases   | api_key | local- wandb_v1_                               | w40+ ?
Mem0                 | api_key | m0-                                            | a30+
Composio             | api_key | ak_                                            | w16-40 ?
Luma                 | api_key | luma-                                          | h8 - h4 - h4 - h4 - h12
Runway, Retell       | api_key | key_                                           | h24+
HeyGen               | api_key | sk_V2_hgu_                                     | w20+
Cursor               | api_key | key_                                           | h60+
"""
