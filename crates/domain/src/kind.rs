//! Key kinds: one table, read by the wizard, the service and the edges.

use crate::field::Field;
use crate::permission::{ADMIN_PERMISSIONS, MASTER_PERMISSIONS};

names! {
    /// The type of a key; it never changes.
    pub enum KeyKind {
        Service = "service",
        Client = "client",
        OpenConnect = "open_connect",
        QueueAdapter = "queue_adapter",
        Telephony = "telephony",
        MasterUser = "master_user",
        Integration = "integration",
        App = "app",
        Account = "account",
        Member = "member",
    }
}

names! {
    /// How a caller presents a key of some kind.
    pub enum Presented {
        /// One text, as Bearer.
        Token = "token",
        /// Two headers.
        IdAndSecret = "id_and_secret",
        /// Basic with id and secret, or an HS256 JWT signed with the secret.
        BasicOrJwt = "basic_or_jwt",
        /// The header `API_KEY`, which buys an access token.
        ApiKeyHeader = "api_key_header",
    }
}

/// What one kind asks for, allows and is called.
#[derive(Debug, PartialEq, Eq)]
pub struct KindRules {
    /// The name that people see.
    pub label: &'static str,
    /// One line: what such a key is for.
    pub definition: &'static str,
    /// How a caller presents it.
    pub presented: Presented,
    /// Fields asked when issuing, in the order of the form.
    pub asked: &'static [Field],
    /// Fields that may be changed later.
    pub editable: &'static [Field],
    /// Permissions that are ticked, as (name, what it lets the key do).
    pub boxes: &'static [(&'static str, &'static str)],
    /// Whether permissions may also be typed.
    pub typed_permissions: bool,
    /// Whether the console can issue it; the other kinds come with their families.
    pub issuable_now: bool,
}

impl KindRules {
    /// Whether issuing asks for this field.
    pub fn asks(&self, field: Field) -> bool {
        self.asked.contains(&field)
    }

    /// Whether this field may be changed later.
    pub fn allows_edit(&self, field: Field) -> bool {
        self.editable.contains(&field)
    }
}

impl KeyKind {
    /// The rules of this kind.
    pub fn rules(self) -> &'static KindRules {
        match self {
            Self::Service => &SERVICE,
            Self::Client => &CLIENT,
            Self::OpenConnect => &OPEN_CONNECT,
            Self::QueueAdapter => &QUEUE_ADAPTER,
            Self::Telephony => &TELEPHONY,
            Self::MasterUser => &MASTER_USER,
            Self::Integration => &INTEGRATION,
            Self::App => &APP,
            Self::Account => &ACCOUNT,
            Self::Member => &MEMBER,
        }
    }

    /// The name that people see.
    pub fn label(self) -> &'static str {
        self.rules().label
    }

    /// The kinds that the console can issue, in menu order.
    pub fn issuable() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| kind.rules().issuable_now)
    }

    /// The prefix of this kind's tokens; `configured` is the installation's own.
    pub fn token_prefix(self, configured: &str) -> &str {
        if self == Self::MasterUser { "mk" } else { configured }
    }
}

const NAME_ONLY: &[Field] = &[Field::Name];
const NAME_DESCRIPTION: &[Field] = &[Field::Name, Field::Description];
const EVENTS: &[Field] = &[Field::Name, Field::Description, Field::Domains];
const RESTRICTED: &[Field] = &[
    Field::Name,
    Field::Description,
    Field::Cidrs,
    Field::DeniedCidrs,
    Field::Domains,
    Field::Permissions,
    Field::NotBefore,
    Field::Expiry,
    Field::ExpiresAt,
    Field::Limits,
    Field::Quota,
    Field::QuotaRefill,
];
const MASTER: &[Field] = &[Field::Name, Field::Cidrs, Field::Permissions];

const SERVICE: KindRules = KindRules {
    label: "Service",
    definition: "Your own APIs behind Keystead",
    presented: Presented::Token,
    asked: RESTRICTED,
    editable: RESTRICTED,
    boxes: &ADMIN_PERMISSIONS,
    typed_permissions: true,
    issuable_now: true,
};

const CLIENT: KindRules = KindRules {
    label: "Client",
    definition: "Events from the Experience Client or CRM workspace",
    asked: EVENTS,
    editable: NAME_DESCRIPTION,
    boxes: &[],
    typed_permissions: false,
    ..SERVICE
};

const OPEN_CONNECT: KindRules =
    KindRules { label: "OpenConnect", definition: "Events driven by OpenConnect", ..CLIENT };

const QUEUE_ADAPTER: KindRules =
    KindRules { label: "QueueAdapter", definition: "Events driven by the QueueAdapter", ..CLIENT };

const TELEPHONY: KindRules =
    KindRules { label: "Telephony (legacy)", definition: "Media Bar events and actions", ..CLIENT };

const MASTER_USER: KindRules = KindRules {
    label: "Master User",
    definition: "Chats and contacts, on behalf of any user",
    presented: Presented::IdAndSecret,
    asked: MASTER,
    editable: MASTER,
    boxes: &MASTER_PERMISSIONS,
    typed_permissions: false,
    issuable_now: true,
};

const INTEGRATION: KindRules = KindRules {
    label: "Integration key",
    definition: "Calls on behalf of one integration",
    presented: Presented::BasicOrJwt,
    asked: NAME_ONLY,
    editable: NAME_ONLY,
    boxes: &[],
    typed_permissions: false,
    issuable_now: false,
};

const APP: KindRules = KindRules { label: "App key", definition: "Calls on behalf of one app", ..INTEGRATION };

const ACCOUNT: KindRules = KindRules { label: "Account key", definition: "Makes apps and app keys", ..INTEGRATION };

const MEMBER: KindRules = KindRules {
    label: "API KEY",
    definition: "The app's own key, which buys access tokens",
    presented: Presented::ApiKeyHeader,
    asked: &[],
    editable: &[],
    ..INTEGRATION
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_kinds_can_be_issued() {
        let kinds: Vec<_> = KeyKind::issuable().map(KeyKind::as_str).collect();
        assert_eq!(kinds, ["service", "client", "open_connect", "queue_adapter", "telephony", "master_user"]);
    }

    #[test]
    fn nothing_is_editable_that_was_not_asked() {
        for kind in KeyKind::ALL {
            let rules = kind.rules();
            assert!(rules.editable.iter().all(|field| rules.asks(*field)), "{}", rules.label);
        }
    }

    #[test]
    fn only_master_user_has_its_own_prefix() {
        for kind in KeyKind::ALL {
            let expected = if *kind == KeyKind::MasterUser { "mk" } else { "acme" };
            assert_eq!(kind.token_prefix("acme"), expected);
        }
    }
}
