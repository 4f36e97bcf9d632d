//! Webhooks: addresses that are told what happens in an app.

use std::net::{Ipv4Addr, Ipv6Addr};

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors};
use crate::ids::{AppId, IntegrationId, WebhookId};
use crate::text::{self, joined, quote};
use crate::timestamp::Timestamp;

/// The most webhooks of an integration that may have several.
pub const WEBHOOKS_MAX: usize = 10;

/// The most webhooks of an app that are told of chats, while their integrations are active. Each message makes a delivery for
/// each of them.
pub const CHAT_WEBHOOKS_MAX: usize = 100;

/// The most characters of an address.
pub const TARGET_MAX: usize = 2_048;

names! {
    /// What a webhook is told about.
    pub enum Trigger {
        ConversationCreate = "conversation:create",
        ConversationMessage = "conversation:message",
        ConversationJoin = "conversation:join",
        ConversationLeave = "conversation:leave",
        ConversationRead = "conversation:read",
        ConversationRemove = "conversation:remove",
        ConversationTyping = "conversation:typing",
        ConversationPostback = "conversation:postback",
        ConversationReferral = "conversation:referral",
        DeliveryChannel = "conversation:message:delivery:channel",
        DeliveryFailure = "conversation:message:delivery:failure",
        DeliveryUser = "conversation:message:delivery:user",
        ClientAdd = "client:add",
        ClientUpdate = "client:update",
        ClientRemove = "client:remove",
        UserUpdate = "user:update",
        UserMerge = "user:merge",
        UserRemove = "user:remove",
        SwitchboardAccept = "switchboard:acceptControl",
        SwitchboardAcceptFailure = "switchboard:acceptControl:failure",
        SwitchboardOffer = "switchboard:offerControl",
        SwitchboardOfferFailure = "switchboard:offerControl:failure",
        SwitchboardPass = "switchboard:passControl",
        SwitchboardPassFailure = "switchboard:passControl:failure",
        SwitchboardRelease = "switchboard:releaseControl",
        /// A program reported something with a key.
        Event = "event",
    }
}

impl Trigger {
    /// Those that tell of chats, and are really told.
    pub const OF_CHATS: [Self; 2] = [Self::ConversationCreate, Self::ConversationMessage];

    /// Whether webhooks are really told. The others are kept, so that a client of the original can ask for them.
    pub const fn is_told(self) -> bool {
        matches!(self, Self::ConversationCreate | Self::ConversationMessage | Self::Event)
    }

    /// What happened, as people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ConversationCreate => "A chat was created",
            Self::ConversationMessage => "A message was written in a chat",
            Self::ConversationJoin => "A contact was added to a chat",
            Self::ConversationLeave => "A contact left a chat",
            Self::ConversationRead => "A contact read a chat",
            Self::ConversationRemove => "A chat was deleted",
            Self::ConversationTyping => "A contact is typing",
            Self::ConversationPostback => "A contact pressed a button",
            Self::ConversationReferral => "A contact came by a link",
            Self::DeliveryChannel => "A message reached its channel",
            Self::DeliveryFailure => "A message could not be delivered",
            Self::DeliveryUser => "A message reached its contact",
            Self::ClientAdd => "A device was added",
            Self::ClientUpdate => "A device was changed",
            Self::ClientRemove => "A device was removed",
            Self::UserUpdate => "A contact was changed",
            Self::UserMerge => "Two contacts became one",
            Self::UserRemove => "A contact was removed",
            Self::SwitchboardAccept => "Control was accepted",
            Self::SwitchboardAcceptFailure => "Control could not be accepted",
            Self::SwitchboardOffer => "Control was offered",
            Self::SwitchboardOfferFailure => "Control could not be offered",
            Self::SwitchboardPass => "Control was passed",
            Self::SwitchboardPassFailure => "Control could not be passed",
            Self::SwitchboardRelease => "Control was released",
            Self::Event => "A program reported an event",
        }
    }

    /// Those that webhooks are really told about.
    pub fn told() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|trigger| trigger.is_told())
    }
}

/// An address that is told what happens in an app. Its secret is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// The webhook's id.
    pub id: WebhookId,
    /// The app whose things it is told.
    pub app_id: AppId,
    /// The integration that it belongs to.
    pub integration_id: IntegrationId,
    /// The address that Keystead calls.
    pub target: String,
    /// What it is told about, each once.
    pub triggers: Vec<Trigger>,
    /// Whether it is told all about the contact, not only who it is.
    pub include_full_user: bool,
    /// Whether it is told all about where something came from.
    pub include_full_source: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

impl Webhook {
    /// Whether it is told of chats while its integration is active.
    pub fn is_told_of_chats(&self) -> bool {
        self.triggers.iter().any(|trigger| Trigger::OF_CHATS.contains(trigger))
    }

    /// What can be changed of it.
    pub fn rules(&self) -> WebhookRules {
        WebhookRules {
            target: self.target.clone(),
            triggers: self.triggers.clone(),
            include_full_user: self.include_full_user,
            include_full_source: self.include_full_source,
        }
    }
}

/// What can be changed of a webhook, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRules {
    /// The address that Keystead calls.
    pub target: String,
    /// What it is told about, each once; at least one.
    pub triggers: Vec<Trigger>,
    /// Whether it is told all about the contact, not only who it is.
    pub include_full_user: bool,
    /// Whether it is told all about where something came from.
    pub include_full_source: bool,
}

impl WebhookRules {
    /// The rules in the form that is stored; the errors say what is wrong with them. Triggers are given by their words.
    pub fn checked(
        target_typed: &str,
        trigger_words: &[impl AsRef<str>],
        include_full_user: bool,
        include_full_source: bool,
    ) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let target = errors.keep(Field::WebhookTarget, target(target_typed));
        let triggers = errors.keep_all(triggers(trigger_words));
        match (target, triggers) {
            (Some(target), Some(triggers)) => Ok(Self { target, triggers, include_full_user, include_full_source }),
            _ => Err(errors),
        }
    }

    /// Each field with its value in words, as the audit shows it; empty without a value.
    pub fn told(&self) -> Vec<(Field, String)> {
        let yes = |ticked: bool| if ticked { "yes".to_owned() } else { String::new() };
        vec![
            (Field::WebhookTarget, self.target.clone()),
            (Field::Triggers, joined(self.triggers.iter().map(|trigger| trigger.as_str()))),
            (Field::IncludeFullUser, yes(self.include_full_user)),
            (Field::IncludeFullSource, yes(self.include_full_source)),
        ]
    }
}

fn triggers(given: &[impl AsRef<str>]) -> Result<Vec<Trigger>, FieldErrors> {
    let mut errors = FieldErrors::default();
    let mut triggers = Vec::new();
    for (number, word) in given.iter().enumerate() {
        match Trigger::parse(word.as_ref().trim()) {
            Some(trigger) if triggers.contains(&trigger) => {}
            Some(trigger) => triggers.push(trigger),
            None => {
                let message = format!("{} is no trigger: use one like conversation:message.", quote(word.as_ref()));
                errors.push_item(Field::Triggers, number, message);
            }
        }
    }
    if given.is_empty() {
        errors.push(Field::Triggers, "Choose at least one trigger.");
    }
    errors.into_result().map(|()| triggers)
}

/// An address that can be called: `http` or `https`, a host, no user, no fragment, at most `TARGET_MAX` characters. Where
/// its host leads is checked when it is called.
pub fn target(text: &str) -> Result<String, String> {
    let text = text.trim();
    let example = || "Enter an address like https://example.com/hook.".to_owned();
    if text.is_empty() {
        return Err(example());
    }
    if text.len() > TARGET_MAX {
        return Err("Use at most 2,048 characters.".to_owned());
    }
    text::no_key(text)?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic())
        || text.contains(['\\', '<', '>', '"', '{', '}', '|', '^', '`'])
    {
        return Err("Use only the characters of an address; write others as %20 or xn--.".to_owned());
    }
    // A key can be written with escapes as well, and whoever is called reads them.
    text::no_key(&percent_decode_str(text).decode_utf8_lossy())?;
    let (scheme, rest) = text.split_once("://").ok_or_else(example)?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(example());
    }
    if rest.contains('#') {
        return Err("Remove the part that begins with #.".to_owned());
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("Remove the user name and password.".to_owned());
    }
    if is_authority(authority) { Ok(text.to_owned()) } else { Err(example()) }
}

/// Whether it is a host, with or without a port.
fn is_authority(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        let Some((address, behind)) = rest.split_once(']') else { return false };
        return address.parse::<Ipv6Addr>().is_ok() && behind.strip_prefix(':').map_or(behind.is_empty(), is_port);
    }
    match text.split_once(':') {
        Some((host, port)) => is_host(host) && is_port(port),
        None => is_host(text),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// An IPv4 address in its usual form, or labels of letters, digits, `-` and `_`. What some systems also read as an address,
/// like `127.1` or `0x7f000001`, is neither.
fn is_host(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    host.len() <= 253 && host.split('.').all(is_label) && (!is_number || host.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_can_be_called_are_kept_as_they_are() {
        for right in [
            "https://example.com/callback",
            "HTTP://Example.com",
            "http://localhost:8080/a?b=c&d=%20",
            "https://10.0.0.1",
            "https://[2001:db8::1]:8443/x",
            "https://a_b.example.com./?q",
            "https://xn--bcher-kva.example/hook?to=a@b",
        ] {
            assert_eq!(target(&format!(" {right}\n")).as_deref(), Ok(right));
        }
        let long = format!("https://example.com/{}", "a".repeat(TARGET_MAX - 20));
        assert!(target(&long).is_ok() && target(&format!("{long}a")).is_err());
    }

    #[test]
    fn others_are_refused() {
        for wrong in [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https:///x",
            "https://?x",
            "https://user:pass@example.com",
            "https://example.com@127.0.0.1/",
            "https://example.com/#part",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:",
            "https://example.com:+80",
            "https://exa mple.com",
            "https://example.com/\\..",
            "https://example.com/\u{7}",
            "https://bücher.example",
            "https://127.1",
            "https://2130706433",
            "https://0x7f.0.0.1",
            "https://127.0.0.0x1",
            "https://017700000001",
            "https://1.2.3.4.5",
            "https://256.1.1.1",
            "https://[::1",
            "https://[::1]x",
            "https://[127.0.0.1]",
            "https://-a.example",
            "https://a..example",
            "https:example.com",
        ] {
            assert!(target(wrong).is_err(), "{wrong}");
        }
        let secret = "s".repeat(43);
        let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let token = crate::token::PlainToken::compose("ks", &id, &secret).expose().to_owned();
        assert!(target(&format!("https://example.com/?key={token}")).is_err());
        for hidden in [token.replacen('k', "%6B", 1), token.replace('_', "%5f"), token.replace('s', "%73")] {
            assert!(target(&format!("https://example.com/?key={hidden}")).is_err(), "{hidden}");
        }
    }

    #[test]
    fn rules_name_what_is_wrong() {
        let words = ["conversation:message", "event", "conversation:message"];
        let rules = WebhookRules::checked("https://example.com", &words, true, false).unwrap();
        assert_eq!(rules.triggers, [Trigger::ConversationMessage, Trigger::Event]);
        let told: Vec<_> = rules.told().into_iter().map(|(_, value)| value).collect();
        assert_eq!(told, ["https://example.com", "conversation:message, event", "yes", ""]);
        let wrong = WebhookRules::checked("x", &["event", "Event", "*"], false, false).unwrap_err();
        let fields: Vec<_> = wrong.0.iter().map(|error| (error.field, error.item)).collect();
        assert_eq!(fields, [(Field::WebhookTarget, None), (Field::Triggers, Some(1)), (Field::Triggers, Some(2))]);
        assert!(wrong.0.iter().any(|error| error.message.contains("“Event”")), "it is named");
        let none: [&str; 0] = [];
        assert!(WebhookRules::checked("https://example.com", &none, false, false).is_err());
    }

    #[test]
    fn three_triggers_are_told() {
        assert_eq!(Trigger::told().count(), 3);
        assert_eq!(Trigger::parse("conversation:message:delivery:user"), Some(Trigger::DeliveryUser));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_read(text in "\\PC{0,60}") {
            if let Ok(kept) = target(&text) {
                prop_assert_eq!(kept.as_str(), text.trim());
                prop_assert!(kept.is_ascii() && !kept.contains(['#', ' ']));
            }
        }

        #[test]
        fn what_is_kept_is_kept_again(host in "[a-z0-9.:@\\[\\]_-]{0,30}", rest in "[a-z0-9/?#@:%]{0,20}") {
            let text = format!("https://{host}{rest}");
            if let Ok(kept) = target(&text) {
                prop_assert_eq!(target(&kept), Ok(kept));
            }
        }
    }
}
