//! Events as others see them.

use domain::event::Event;
use serde_json::{Value, json};

/// The event in the body of a call to a webhook.
pub(crate) fn event_payload(event: &Event) -> Value {
    json!({
        // What the program was answered; the id of the delivery is another for each webhook.
        "eventId": event.id.as_str(),
        "event": event.name,
        "crmId": event.crm_id,
        "agentId": event.agent_id,
        "receivedAt": event.at.to_rfc3339(),
        "source": { "type": event.kind.as_str(), "keyId": event.key_id.as_str(), "origin": event.origin },
        // It was checked when it was taken in, so it is an object.
        "data": serde_json::from_str::<Value>(&event.data).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use domain::ids::{AppId, EventId, IntegrationId, KeyId};
    use domain::kind::KeyKind;
    use domain::timestamp::Timestamp;

    use super::*;

    #[test]
    fn a_webhook_is_told_what_was_reported() {
        let mut event = Event {
            id: EventId::from_random([1; 12]),
            app_id: AppId::from_random([2; 12]),
            integration_id: IntegrationId::from_random([3; 12]),
            seq: 7,
            kind: KeyKind::CALLS_EVENTS[0],
            key_id: KeyId::parse("7Qm2xVbN4tRa").unwrap(),
            key_name: "Desk".to_owned(),
            name: "On Ring".to_owned(),
            crm_id: "example.zendesk.com".to_owned(),
            agent_id: Some("ana@example.com".to_owned()),
            data: r#"{"phone":"+49 30 1234","tags":[1]}"#.to_owned(),
            origin: Some("https://desk.example.com".to_owned()),
            address: Some("203.0.113.9".parse().unwrap()),
            at: Timestamp::from_millis(1_795_253_402_000),
        };
        let expected = json!({
            "eventId": "01".repeat(12), "event": "On Ring", "crmId": "example.zendesk.com", "agentId": "ana@example.com",
            "receivedAt": "2026-11-21T09:30:02Z",
            "source": {"type": event.kind.as_str(), "keyId": "7Qm2xVbN4tRa", "origin": "https://desk.example.com"},
            "data": {"phone": "+49 30 1234", "tags": [1]},
        });
        assert_eq!(event_payload(&event), expected);
        event.agent_id = None;
        assert_eq!(event_payload(&event)["agentId"], Value::Null);
    }
}
