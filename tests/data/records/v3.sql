CREATE TABLE alert_deliveries (
	id VARCHAR(600) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	received_at VARCHAR(40) NOT NULL, 
	answer JSON NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX alert_deliveries_received ON alert_deliveries (received_at);
CREATE TABLE alerts (
	number BIGSERIAL NOT NULL, 
	received_at VARCHAR(40) NOT NULL, 
	dialect VARCHAR(20) NOT NULL, 
	incident BIGINT, 
	body BYTEA NOT NULL, 
	PRIMARY KEY (number)
);
CREATE INDEX alerts_received ON alerts (received_at);
CREATE TABLE incident_nb_version (
	version INTEGER NOT NULL, 
	schema_version INTEGER NOT NULL
);
INSERT INTO incident_nb_version (version, schema_version) VALUES (3, 3);
CREATE TABLE incidents (
	number BIGINT NOT NULL, 
	origin VARCHAR(40) NOT NULL, 
	is_open BOOLEAN NOT NULL, 
	client VARCHAR(300), 
	fingerprint VARCHAR(300), 
	seq INTEGER NOT NULL, 
	changed_at VARCHAR(40) NOT NULL, 
	schema_version INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (origin)
);
CREATE INDEX incidents_fingerprint ON incidents (fingerprint);
CREATE INDEX incidents_open ON incidents (is_open);
INSERT INTO incidents (number, origin, is_open, client, fingerprint, seq, changed_at, schema_version, state) VALUES (1, '00000000000000000000000000000001', false, 'ACME', NULL, 48, '2026-11-23T12:47:00+00:00', 3, '{"number":1,"version":48,"title":"Orders fails again","client":"ACME","subject":{"execution_id":"4711"},"detected_at":"2026-11-23T12:00:00Z","opened_at":"2026-11-23T12:00:00Z","suggested":{"at":"2026-11-23T12:02:00Z","by":"Kim","text":"SEV-X3: a workflow of one client is down","severity":"P2"},"chosen":{"at":"2026-11-23T12:03:00Z","by":"Kim","text":"the shop is closed","severity":"P1"},"classified_at":"2026-11-23T12:03:00Z","acknowledged":[{"at":"2026-11-23T12:01:00Z","by":"Kim"}],"cause":{"at":"2026-11-23T12:09:00Z","by":"Kim","text":"seen in the service","cause":"credentials","detail":"expired"},"rejected":[{"at":"2026-11-23T12:10:00Z","by":"Kim","text":"it answers in 2 s","cause":"timeout"}],"workaround":{"at":"2026-11-23T12:16:00Z","by":"Kim","text":"the old key for now","due":"2026-11-27T17:00:00Z"},"fixed":{"at":"2026-11-23T12:15:00Z","by":"Kim","text":"another key"},"watched":{"told":["4800"],"last_bad":"4800","bad_at":"2026-11-23T12:51:00Z","what":"failed again at “Ask”"},"begun":{"RES-1":{"at":"2026-11-23T12:14:00Z","by":"Kim","text":"with the client"}},"ticks":{"RES-1":{"at":"2026-11-23T12:15:00Z","by":"Kim","text":"by hand","done":true,"execution_id":"4799"}},"facts":{"data_loss":{"at":"2026-11-23T12:11:00Z","by":"Kim","text":"all runs were repeated","true":false}},"waiting":[{"since":"2026-11-23T12:17:00Z","until":"2026-11-23T12:18:00Z","why":"a new key"}],"noticed":true,"noticed_at":"2026-11-23T12:04:00Z","scheduled_for":"2026-11-27T17:00:00Z","scheduled_at":"2026-11-23T12:05:00Z","resolved":[{"at":"2026-11-23T12:21:00Z","by":"Kim","text":"three good runs"}],"reopened":[{"at":"2026-11-23T12:39:00Z","by":"Kim","text":"it fails again"}],"notices":[{"at":"2026-11-23T12:28:00Z","by":"Kim","text":"We are on it","kind":"holding","to":"the shop"}],"escalated":[{"at":"2026-11-23T12:29:00Z","by":"Kim","row":"ESC-1","to":"the lead"}],"billing":{"at":"2026-11-23T12:31:00Z","by":"Kim","text":"their key","row":"BILL-2","hours":1.5,"uses":"allocation"},"approved":{"at":"2026-11-23T12:32:00Z","by":"Kim","text":"by mail"},"prevention":[{"text":"Watch for keys that expire","owner":"Kim","due":"2026-11-27T17:00:00Z","done_at":"2026-11-23T12:34:00Z"}],"documented":{"DOC-2":{"at":"2026-11-23T12:37:00Z","by":"Kim","text":"learnings/keys.md","sections":{"Cause":"a1b2c3d4"}}},"recurring":true,"worded":{"what_happened":{"at":"2026-11-23T12:35:00Z","by":"Kim","text":"The shop''s key had ended"}},"waived":{"impact":{"at":"2026-11-23T12:36:00Z","by":"Kim","text":"nobody can count it","found":"a1b2c3d4e5f60718"}},"related":["INC-2"],"open_items":{"FIN-8":"nothing to learn"},"occurrences":4,"last_seen":"2026-11-23T12:12:00Z","investigated":{"at":"2026-11-23T12:07:00Z","by":"Kim","text":"the kernel died","attempt":2,"done":false,"report":"incidents/INC-1/report"},"reminded":["resolve at_risk 2026-11-27T17:00:00Z"],"vendors":{"Slack":{"at":"2026-11-23T12:08:00Z","by":"Kim","text":"Messages are not delivered","level":"down","eta":"2026-11-27T17:00:00Z"}},"held":{"default/w1":{"at":"2026-11-23T12:24:00Z","by":"Kim","instance":"default","workflow_id":"w1","workflow":"Orders","version":"v7","state":"restored","since":"2026-11-23T12:22:00Z"}},"harm":{"at":"2026-11-23T12:25:00Z","by":"Kim","instance":"default","since":"2026-11-23T11:00:00Z","failed":4,"green":1,"workflows":["Orders"],"clients":["ACME"],"items":{"invoices":3},"wrote":{"Store":2},"unseen":1},"retries":{"default/4711":{"at":"2026-11-23T12:27:00Z","by":"Kim","text":"401 at Send","instance":"default","execution_id":"4711","workflow":"Orders","state":"failed","retry_id":"4720","known":["4712"]}},"closed":{"at":"2026-11-23T12:40:00Z","by":"Kim","text":"done"},"changed_at":"2026-11-23T12:47:00Z"}');
INSERT INTO incidents (number, origin, is_open, client, fingerprint, seq, changed_at, schema_version, state) VALUES (2, '00000000000000000000000000000002', true, 'ACME', NULL, 3, '2026-11-23T12:50:00+00:00', 3, '{"number":2,"version":3,"title":"Invoices hangs","client":"ACME","source":"slack","subject":{"workflow":"Invoices"},"detected_at":"2026-11-23T11:58:00Z","opened_at":"2026-11-23T12:00:00Z","chosen":{"at":"2026-11-23T12:05:00Z","by":"Kim","text":"the shop is closed","severity":"P1"},"classified_at":"2026-11-23T12:05:00Z","waiting":[{"since":"2026-11-23T12:06:00Z","why":"a new key"}],"last_seen":"2026-11-23T11:58:00Z","changed_at":"2026-11-23T12:50:00Z"}');
INSERT INTO incidents (number, origin, is_open, client, fingerprint, seq, changed_at, schema_version, state) VALUES (3, '00000000000000000000000000000003', false, 'ACME', 'a1b2c3d4e5f6', 3, '2026-11-23T12:53:00+00:00', 3, '{"number":3,"version":3,"title":"password=[password:567a57] in the log","client":"ACME","source":"slack","subject":{"instance":"default","workflow":"Orders","node":"Ask","fingerprint":"a1b2c3d4e5f6"},"detected_at":"2026-11-23T11:58:00Z","opened_at":"2026-11-23T12:00:00Z","acknowledged":[{"at":"2026-11-23T12:01:00Z","by":"Kim"}],"open_items":{"FIN-8":"nothing to learn"},"last_seen":"2026-11-23T11:58:00Z","closed":{"at":"2026-11-23T12:02:00Z","by":"Kim","text":"done"},"changed_at":"2026-11-23T12:53:00Z"}');
CREATE TABLE outbox (
	number BIGSERIAL NOT NULL, 
	key VARCHAR(300) NOT NULL, 
	incident BIGINT, 
	about VARCHAR(40) NOT NULL, 
	text TEXT NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	due_at VARCHAR(40) NOT NULL, 
	tries INTEGER NOT NULL, 
	sent_at VARCHAR(40), 
	error TEXT, 
	PRIMARY KEY (number), 
	UNIQUE (key)
);
CREATE INDEX outbox_sent ON outbox (sent_at);
CREATE TABLE incident_events (
	number BIGINT NOT NULL, 
	seq INTEGER NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	by VARCHAR(300) NOT NULL, 
	recorded_at VARCHAR(40) NOT NULL, 
	schema_version INTEGER NOT NULL, 
	payload JSON NOT NULL, 
	PRIMARY KEY (number, seq), 
	FOREIGN KEY(number) REFERENCES incidents (number)
);
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 1, 'opened', '2026-11-23T12:00:00+00:00', 'Kim', '2026-11-23T12:00:00+00:00', 3, '{"title": "Orders fails", "detected_at": "2026-11-23T11:58:00Z", "client": "ACME", "source": "slack", "subject": {"instance": "default", "workflow": "Orders", "node": "Ask", "fingerprint": "a1b2c3d4e5f6"}, "text": "Über 10 €: “Orders” 😀", "origin": "00000000000000000000000000000001"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 2, 'assigned', '2026-11-23T12:00:00+00:00', 'Kim', '2026-11-23T12:01:00+00:00', 3, '{"client": "ACME"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 3, 'acknowledged', '2026-11-23T12:01:00+00:00', 'Kim', '2026-11-23T12:02:00+00:00', 3, '{}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 4, 'severity_suggested', '2026-11-23T12:02:00+00:00', 'Kim', '2026-11-23T12:03:00+00:00', 3, '{"severity": "P2", "reasons": ["SEV-X3: a workflow of one client is down"]}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 5, 'severity_chosen', '2026-11-23T12:03:00+00:00', 'Kim', '2026-11-23T12:04:00+00:00', 3, '{"severity": "P1", "reason": "the shop is closed"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 6, 'noticed', '2026-11-23T12:04:00+00:00', 'Kim', '2026-11-23T12:05:00+00:00', 3, '{}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 7, 'scheduled', '2026-11-23T12:05:00+00:00', 'Kim', '2026-11-23T12:06:00+00:00', 3, '{"due": "2026-11-27T17:00:00Z"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 8, 'diagnosed', '2026-11-23T12:06:00+00:00', 'Kim', '2026-11-23T12:07:00+00:00', 3, '{"headline": "The key has expired", "cause": "credentials", "confidence": 0.9, "case": "case", "subject": {"execution_id": "4711"}, "recurring": true}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 9, 'investigated', '2026-11-23T12:07:00+00:00', 'Kim', '2026-11-23T12:08:00+00:00', 3, '{"attempt": 2, "done": false, "reason": "the kernel died", "report": "incidents/INC-1/report"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 10, 'vendor_watched', '2026-11-23T12:08:00+00:00', 'Kim', '2026-11-23T12:09:00+00:00', 3, '{"vendor": "Slack", "level": "down", "eta": "2026-11-27T17:00:00Z", "text": "Messages are not delivered"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 11, 'cause_accepted', '2026-11-23T12:09:00+00:00', 'Kim', '2026-11-23T12:10:00+00:00', 3, '{"cause": "credentials", "detail": "expired", "reason": "seen in the service"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 12, 'cause_rejected', '2026-11-23T12:10:00+00:00', 'Kim', '2026-11-23T12:11:00+00:00', 3, '{"cause": "timeout", "reason": "it answers in 2 s"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 13, 'fact_confirmed', '2026-11-23T12:11:00+00:00', 'Kim', '2026-11-23T12:12:00+00:00', 3, '{"fact": "data_loss", "true": false, "text": "all runs were repeated"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 14, 'occurred', '2026-11-23T12:12:00+00:00', 'Kim', '2026-11-23T12:13:00+00:00', 3, '{"execution_id": "4712", "count": 3}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 15, 'related', '2026-11-23T12:13:00+00:00', 'Kim', '2026-11-23T12:14:00+00:00', 3, '{"incident": "INC-2", "why": "the same key"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 16, 'started', '2026-11-23T12:14:00+00:00', 'Kim', '2026-11-23T12:15:00+00:00', 3, '{"row": "RES-1", "text": "with the client"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 17, 'ticked', '2026-11-23T12:15:00+00:00', 'Kim', '2026-11-23T12:16:00+00:00', 3, '{"row": "RES-1", "text": "by hand", "execution_id": "4799", "among": ["4797", "4798"]}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 18, 'worked_around', '2026-11-23T12:16:00+00:00', 'Kim', '2026-11-23T12:17:00+00:00', 3, '{"what": "the old key for now", "due": "2026-11-27T17:00:00Z"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 19, 'waiting_began', '2026-11-23T12:17:00+00:00', 'Kim', '2026-11-23T12:18:00+00:00', 3, '{"why": "a new key"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 20, 'waiting_ended', '2026-11-23T12:18:00+00:00', 'Kim', '2026-11-23T12:19:00+00:00', 3, '{}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 21, 'fixed', '2026-11-23T12:19:00+00:00', 'Kim', '2026-11-23T12:20:00+00:00', 3, '{"what": "a new key"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 22, 'run_watched', '2026-11-23T12:20:00+00:00', 'Kim', '2026-11-23T12:21:00+00:00', 3, '{"execution_id": "4800", "good": false, "text": "failed again at “Ask”", "began": "2026-11-27T17:00:00Z"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 23, 'resolved', '2026-11-23T12:21:00+00:00', 'Kim', '2026-11-23T12:22:00+00:00', 3, '{"text": "three good runs", "open_items": {"VER-5": "there is no staging"}}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 24, 'stopping', '2026-11-23T12:22:00+00:00', 'Kim', '2026-11-23T12:23:00+00:00', 3, '{"instance": "default", "scope": "its workflow", "workflows": [{"workflow_id": "w1", "workflow": "Orders", "version": "v7"}]}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 25, 'stopped', '2026-11-23T12:23:00+00:00', 'Kim', '2026-11-23T12:24:00+00:00', 3, '{"instance": "default", "workflows": ["w1"], "left": {"w2": "n8n did not stop it"}}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 26, 'restored', '2026-11-23T12:24:00+00:00', 'Kim', '2026-11-23T12:25:00+00:00', 3, '{"instance": "default", "workflows": ["w1"], "left": {"w3": "n8n did not activate it"}, "over": {"w4": "it was deleted"}}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 27, 'harmed', '2026-11-23T12:25:00+00:00', 'Kim', '2026-11-23T12:26:00+00:00', 3, '{"instance": "default", "since": "2026-11-23T11:00:00Z", "failed": 4, "green": 1, "workflows": ["Orders"], "clients": ["ACME"], "items": {"invoices": 3}, "wrote": {"Store": 2}, "unseen": 1}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 28, 'retrying', '2026-11-23T12:26:00+00:00', 'Kim', '2026-11-23T12:27:00+00:00', 3, '{"instance": "default", "execution_id": "4711", "workflow": "Orders", "current": true, "known": ["4712"]}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 29, 'retried', '2026-11-23T12:27:00+00:00', 'Kim', '2026-11-23T12:28:00+00:00', 3, '{"instance": "default", "execution_id": "4711", "state": "failed", "retry_id": "4720", "text": "401 at Send"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 30, 'notified', '2026-11-23T12:28:00+00:00', 'Kim', '2026-11-23T12:29:00+00:00', 3, '{"notice": "holding", "subject": "We are on it", "to": "the shop"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 31, 'escalated', '2026-11-23T12:29:00+00:00', 'Kim', '2026-11-23T12:30:00+00:00', 3, '{"row": "ESC-1", "to": "the lead"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 32, 'reminded', '2026-11-23T12:30:00+00:00', 'Kim', '2026-11-23T12:31:00+00:00', 3, '{"of": "resolve", "state": "at_risk", "due": "2026-11-27T17:00:00Z", "text": "an hour is left"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 33, 'billing_classified', '2026-11-23T12:31:00+00:00', 'Kim', '2026-11-23T12:32:00+00:00', 3, '{"row": "BILL-2", "hours": 1.5, "reason": "their key", "uses": "allocation"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 34, 'billing_approved', '2026-11-23T12:32:00+00:00', 'Kim', '2026-11-23T12:33:00+00:00', 3, '{"text": "by mail"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 35, 'prevention', '2026-11-23T12:33:00+00:00', 'Kim', '2026-11-23T12:34:00+00:00', 3, '{"text": "Watch for keys that expire", "owner": "Kim", "due": "2026-11-27T17:00:00Z"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 36, 'prevented', '2026-11-23T12:34:00+00:00', 'Kim', '2026-11-23T12:35:00+00:00', 3, '{"action": "Watch for keys that expire"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 37, 'worded', '2026-11-23T12:35:00+00:00', 'Kim', '2026-11-23T12:36:00+00:00', 3, '{"section": "what_happened", "text": "The shop''s key had ended"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 38, 'waived', '2026-11-23T12:36:00+00:00', 'Kim', '2026-11-23T12:37:00+00:00', 3, '{"gap": "impact", "reason": "nobody can count it", "found": "a1b2c3d4e5f60718"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 39, 'documented', '2026-11-23T12:37:00+00:00', 'Kim', '2026-11-23T12:38:00+00:00', 3, '{"row": "DOC-2", "path": "learnings/keys.md", "sections": {"Cause": "a1b2c3d4"}}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 40, 'note', '2026-11-23T12:38:00+00:00', 'Kim', '2026-11-23T12:39:00+00:00', 3, '{"text": "Lunch"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 41, 'reopened', '2026-11-23T12:39:00+00:00', 'Kim', '2026-11-23T12:40:00+00:00', 3, '{"reason": "it fails again"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 42, 'closed', '2026-11-23T12:40:00+00:00', 'Kim', '2026-11-23T12:41:00+00:00', 3, '{"text": "done", "open_items": {"FIN-8": "nothing to learn"}}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 43, 'fixed', '2026-11-23T12:50:00+00:00', 'Kim', '2026-11-23T12:42:00+00:00', 3, '{"what": "a new key"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 44, 'run_watched', '2026-11-23T12:51:00+00:00', 'Kim', '2026-11-23T12:43:00+00:00', 3, '{"execution_id": "4800", "good": false, "text": "failed again at “Ask”", "began": "2026-11-27T17:00:00Z"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 45, 'corrected', '2026-11-23T13:00:00+00:00', 'Kim', '2026-11-23T12:44:00+00:00', 3, '{"seq": 1, "payload": {"title": "Orders fails again", "detected_at": "2026-11-23T12:00:00+00:00"}, "reason": "it was somebody else"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 46, 'corrected', '2026-11-23T13:01:00+00:00', 'Kim', '2026-11-23T12:45:00+00:00', 3, '{"seq": 43, "payload": {"what": "another key"}, "happened_at": "2026-11-23T12:15:00Z", "reason": "it was somebody else"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 47, 'corrected', '2026-11-23T13:02:00+00:00', 'Kim', '2026-11-23T12:46:00+00:00', 3, '{"seq": 44, "reason": "it was somebody else"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (1, 48, 'corrected', '2026-11-23T13:03:00+00:00', 'Kim', '2026-11-23T12:47:00+00:00', 3, '{"seq": 47, "reason": "it was watched after all"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (2, 1, 'opened', '2026-11-23T12:00:00+00:00', 'Lee', '2026-11-23T12:48:00+00:00', 3, '{"title": "Invoices hangs", "detected_at": "2026-11-23T11:58:00Z", "client": "ACME", "source": "slack", "subject": {"workflow": "Invoices"}, "origin": "00000000000000000000000000000002"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (2, 2, 'severity_chosen', '2026-11-23T12:05:00+00:00', 'Kim', '2026-11-23T12:49:00+00:00', 3, '{"severity": "P1", "reason": "the shop is closed"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (2, 3, 'waiting_began', '2026-11-23T12:06:00+00:00', 'Kim', '2026-11-23T12:50:00+00:00', 3, '{"why": "a new key"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (3, 1, 'opened', '2026-11-23T12:00:00+00:00', '[email:6a092a]', '2026-11-23T12:51:00+00:00', 3, '{"title": "password=[password:567a57] in the log", "detected_at": "2026-11-23T11:58:00Z", "client": "ACME", "source": "slack", "subject": {"instance": "default", "workflow": "Orders", "node": "Ask", "fingerprint": "a1b2c3d4e5f6"}, "origin": "00000000000000000000000000000003"}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (3, 2, 'acknowledged', '2026-11-23T12:01:00+00:00', 'Kim', '2026-11-23T12:52:00+00:00', 3, '{}');
INSERT INTO incident_events (number, seq, kind, at, by, recorded_at, schema_version, payload) VALUES (3, 3, 'closed', '2026-11-23T12:02:00+00:00', 'Kim', '2026-11-23T12:53:00+00:00', 3, '{"text": "done", "open_items": {"FIN-8": "nothing to learn"}}');
CREATE TABLE jobs (
	incident BIGINT NOT NULL, 
	attempt INTEGER NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	why VARCHAR(20) NOT NULL, 
	priority INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	wanted_at VARCHAR(40) NOT NULL, 
	due_at VARCHAR(40) NOT NULL, 
	beat_at VARCHAR(40), 
	worker VARCHAR(200), 
	ended_at VARCHAR(40), 
	error TEXT, 
	PRIMARY KEY (incident), 
	FOREIGN KEY(incident) REFERENCES incidents (number)
);
CREATE INDEX jobs_state ON jobs (state);
