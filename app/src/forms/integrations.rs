//! The forms about integrations and their webhooks.

use domain::field::Field;
use domain::ids::IntegrationId;
use domain::webhook::Trigger;
use secrecy::SecretString;

use super::fields::{FormFields, Pairs, TICKED};

/// The box that sends all that is known of a contact along.
pub const FULL_USER: &str = "include_full_user";
/// The box that sends all that is known of the origin of a message along.
pub const FULL_SOURCE: &str = "include_full_source";
/// The box of an integration whose webhooks are told what happens.
pub const ACTIVE: &str = "active";

/// A webhook as it was typed.
#[derive(Debug, Clone, Default)]
pub struct WebhookForm {
    pub target: String,
    /// The words of the ticked triggers.
    pub triggers: Vec<String>,
    pub full_user: bool,
    pub full_source: bool,
}

impl WebhookForm {
    /// Whether no webhook was typed.
    pub fn is_blank(&self) -> bool {
        self.target.trim().is_empty() && self.triggers.is_empty()
    }

    /// Whether this trigger is ticked.
    pub fn has(&self, trigger: Trigger) -> bool {
        self.triggers.iter().any(|ticked| ticked == trigger.as_str())
    }
}

impl FormFields for WebhookForm {
    fn read(sent: &Pairs) -> Self {
        let ticked = |name: &str| sent.text(name) == TICKED;
        Self {
            target: sent.text(Field::WebhookTarget.as_str()),
            triggers: sent.all(Field::Triggers.as_str()),
            full_user: ticked(FULL_USER),
            full_source: ticked(FULL_SOURCE),
        }
    }
}

/// An integration to set up.
#[derive(Debug, Clone, Default)]
pub struct IntegrationForm {
    /// The id of its app; empty if there is only one.
    pub app: String,
    pub kind: String,
    /// Blank for none.
    pub name: String,
    /// Its first webhook; blank for none.
    pub webhook: WebhookForm,
}

impl FormFields for IntegrationForm {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        Self {
            app: text(Field::App),
            kind: text(Field::Kind),
            name: text(Field::Name),
            webhook: WebhookForm::read(sent),
        }
    }
}

/// What can be changed of an integration.
#[derive(Debug, Clone, Default)]
pub struct IntegrationChangeForm {
    /// Blank for none.
    pub name: String,
    pub active: bool,
}

impl FormFields for IntegrationChangeForm {
    fn read(sent: &Pairs) -> Self {
        Self { name: sent.text(Field::Name.as_str()), active: sent.text(ACTIVE) == TICKED }
    }
}

/// The name of an integration, typed to delete it.
#[derive(Debug, Clone, Default)]
pub struct DeleteIntegrationForm {
    pub confirm_name: String,
}

impl FormFields for DeleteIntegrationForm {
    fn read(sent: &Pairs) -> Self {
        Self { confirm_name: sent.text(Field::ConfirmName.as_str()) }
    }
}

/// The secret of a webhook, in the one answer that shows it.
#[derive(Debug, Clone)]
pub struct WebhookSecret {
    pub integration: IntegrationId,
    pub target: String,
    pub secret: SecretString,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> IntegrationForm {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        IntegrationForm::read(&Pairs(pairs.collect()))
    }

    #[test]
    fn every_ticked_trigger_is_read_and_a_blank_webhook_is_none() {
        let (target, triggers) = (Field::WebhookTarget.as_str(), Field::Triggers.as_str());
        let form = read(&[
            ("kind", "custom"),
            (target, "https://hooks.example.com"),
            (triggers, "event"),
            (triggers, "conversation:message"),
            (FULL_USER, TICKED),
        ]);
        assert_eq!(form.webhook.triggers, ["event", "conversation:message"]);
        assert!(form.webhook.full_user && !form.webhook.full_source && !form.webhook.is_blank());
        assert!(read(&[("kind", "whatsapp"), (target, "  ")]).webhook.is_blank());
        assert!(!read(&[(triggers, "event")]).webhook.is_blank());
    }
}
