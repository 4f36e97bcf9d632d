//! Key kinds: one table, read by the wizard, the service and the edges.

use crate::environment::Environment;
use crate::field::Field;
use crate::integration::APP_KEYS_MAX;
use crate::permission::{ADMIN_PERMISSIONS, MASTER_PERMISSIONS};
use crate::role::Act;

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

impl KeyKind {
    /// The kind with the most fields, and with permissions that are typed and ticked: what is wrong with a field of a key
    /// of another kind is wrong with it too.
    pub const WIDEST: Self = Self::Service;
}

/// How a caller presents a key of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// The whole token, as Bearer.
    Token,
    /// In two headers.
    IdAndSecret(PairHeaders),
    /// Basic with id and secret, or an HS256 JWT signed with the secret.
    BasicOrJwt,
    /// The header `API_KEY`, which buys an access token.
    ApiKeyHeader,
}

/// What a kind is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The customer's own APIs.
    OwnApis,
    /// A contact-centre platform.
    ContactCentre,
    /// A chat platform.
    Chat,
}

impl Purpose {
    /// Every purpose, in the order of the wizard.
    pub const ALL: [Self; 3] = [Self::OwnApis, Self::ContactCentre, Self::Chat];

    /// The heading over its kinds.
    pub const fn label(self) -> &'static str {
        match self {
            Self::OwnApis => "For your own APIs",
            Self::ContactCentre => "For a contact-centre platform",
            Self::Chat => "For a chat platform",
        }
    }
}

/// The names of the two headers that a key is presented in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairHeaders {
    /// The header with the shown id.
    pub id: &'static str,
    /// The header with the secret.
    pub secret: &'static str,
}

/// What one kind is called, asks for and allows.
#[derive(Debug, PartialEq, Eq)]
pub struct KindRules {
    /// The name that people see.
    pub label: &'static str,
    /// One line that says what a key of this kind is for.
    pub definition: &'static str,
    /// What it is for.
    pub purpose: Purpose,
    /// The label of its list in the menu; `None` if it has no list of its own.
    pub list: Option<&'static str>,
    /// How a caller presents it.
    pub presented: Presented,
    /// The beginning of its tokens; `None` for the installation's prefix.
    pub prefix: Option<&'static str>,
    /// Whether a proxy can ask about a request that carries it.
    pub behind_proxy: bool,
    /// The act that allows seeing it.
    pub seen_with: Act,
    /// The act that allows issuing and changing it.
    pub changed_with: Act,
    /// Fields asked when issuing, in the order of the form.
    pub asked: &'static [Field],
    /// Fields that may be changed later.
    pub editable: &'static [Field],
    /// Permissions that the form shows as boxes: name, and what it lets the key do.
    pub boxes: &'static [(&'static str, &'static str)],
    /// Whether permissions may also be typed.
    pub typed_permissions: bool,
    /// Whether the console can issue this kind yet.
    pub issuable_now: bool,
    /// What its keys may do in Keystead, whatever permissions they have.
    pub acts: &'static [Act],
    /// What the app of a key means, for whoever chooses it.
    pub in_app: &'static str,
    /// The kinds that its keys make and delete, in the order of their declaration.
    pub makes: &'static [KeyKind],
    /// The most keys of the kind in an app; `None` for any number.
    pub most_in_app: Option<usize>,
}

impl KindRules {
    /// Its keys, at the beginning of a sentence: `Service keys`, `App keys`.
    pub fn keys(&self) -> String {
        format!("{} keys", self.label.strip_suffix(" key").unwrap_or(self.label))
    }

    /// Whether issuing asks for this field.
    pub fn asks(&self, field: Field) -> bool {
        self.asked.contains(&field)
    }

    /// The two headers that it is presented in, if it is.
    pub fn pair_headers(&self) -> Option<PairHeaders> {
        match self.presented {
            Presented::IdAndSecret(headers) => Some(headers),
            Presented::Token | Presented::BasicOrJwt | Presented::ApiKeyHeader => None,
        }
    }

    /// Whether its secret signs tokens, so that Keystead keeps a sealed copy of it.
    pub fn signs(&self) -> bool {
        self.presented == Presented::BasicOrJwt
    }

    /// Whether this field may be changed later.
    pub fn allows_edit(&self, field: Field) -> bool {
        self.editable.contains(&field)
    }
}

impl KeyKind {
    /// The kind whose keys may call Keystead's own API, if they have the permission.
    pub const CALLS_KEYSTEAD: Self = Self::Service;

    /// The kind that presets start: keys for the customer's own APIs.
    pub const OWN_APIS: Self = Self::Service;

    /// The kind whose keys call the chat service.
    pub const CALLS_CHATS: Self = Self::MasterUser;

    /// The kind of an app's own key, which buys access tokens.
    pub const OF_APP: Self = Self::Member;

    /// The kinds whose keys report events.
    pub const CALLS_EVENTS: [Self; 4] = [Self::OpenConnect, Self::Client, Self::QueueAdapter, Self::Telephony];

    /// The kinds whose keys call for an account, for an app or for an integration, the widest first.
    pub const SCOPED: [Self; 3] = [Self::Account, Self::App, Self::Integration];

    /// The kind of the keys of one integration.
    pub const OF_INTEGRATION: Self = Self::Integration;

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

    /// The beginning of this kind's tokens. `configured` is the installation's prefix.
    pub fn token_prefix(self, configured: &str, environment: Environment) -> String {
        format!("{}{}", self.rules().prefix.unwrap_or(configured), environment.suffix())
    }

    /// Whether a kind has this prefix, so that the installation cannot have it.
    pub fn has_prefix(prefix: &str) -> bool {
        Self::ALL.iter().any(|kind| kind.rules().prefix == Some(prefix))
    }

    /// The headers of every kind that is presented in two headers.
    pub fn pair_headers() -> impl Iterator<Item = PairHeaders> {
        Self::ALL.iter().filter_map(|kind| kind.rules().pair_headers())
    }
}

const NAME_LIMITS: &[Field] = &[Field::Name, Field::Limits];
const OF_INTEGRATION: &[Field] = &[Field::Name, Field::Integration, Field::Limits];
const NAME_DESCRIPTION: &[Field] =
    &[Field::Name, Field::Description, Field::Limits, Field::Owner, Field::ExternalId, Field::Tags, Field::Metadata];
const EVENTS: &[Field] = &[
    Field::Name,
    Field::Description,
    Field::Domains,
    Field::Limits,
    Field::Owner,
    Field::ExternalId,
    Field::Tags,
    Field::Metadata,
    Field::Environment,
];
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
    Field::RotateDays,
    Field::Owner,
    Field::ExternalId,
    Field::Tags,
    Field::Metadata,
    Field::Environment,
];
const MASTER: &[Field] = &[
    Field::Name,
    Field::Cidrs,
    Field::Permissions,
    Field::ActsFor,
    Field::Owner,
    Field::ExternalId,
    Field::Tags,
    Field::Metadata,
    Field::Environment,
];

/// What a key of an integration does with the chats and contacts of its app.
const CHATS: &[Act] = &[Act::SeeRooms, Act::ManageRooms, Act::SeeContacts, Act::ManageContacts];
/// The same, and what a key of an app does with the app's integrations and their keys.
const IN_APP: &[Act] = &[
    Act::SeeApps,
    Act::SeeKeys,
    Act::SeeAllKeys,
    Act::ChangeKeys,
    Act::StopKeys,
    Act::SeeIntegrations,
    Act::ManageIntegrations,
    Act::SeeRooms,
    Act::ManageRooms,
    Act::SeeContacts,
    Act::ManageContacts,
];
/// The same in every app, and with the apps themselves.
const IN_ACCOUNT: &[Act] = &[
    Act::ManageApps,
    Act::SeeApps,
    Act::SeeKeys,
    Act::SeeAllKeys,
    Act::ChangeKeys,
    Act::StopKeys,
    Act::SeeIntegrations,
    Act::ManageIntegrations,
    Act::SeeRooms,
    Act::ManageRooms,
    Act::SeeContacts,
    Act::ManageContacts,
];

/// Every field but the environment, which is the last one. It is part of the token, so it never changes.
const fn editable(asked: &'static [Field]) -> &'static [Field] {
    match asked.split_last() {
        Some((Field::Environment, editable)) => editable,
        _ => asked,
    }
}

const SERVICE: KindRules = KindRules {
    label: "Service",
    definition: "Your own APIs behind Keystead",
    purpose: Purpose::OwnApis,
    list: None,
    presented: Presented::Token,
    prefix: None,
    behind_proxy: true,
    seen_with: Act::SeeKeys,
    changed_with: Act::ChangeKeys,
    asked: RESTRICTED,
    editable: editable(RESTRICTED),
    boxes: &ADMIN_PERMISSIONS,
    typed_permissions: true,
    issuable_now: true,
    acts: &[],
    in_app: "Only services of this app know the key. You cannot change it later.",
    makes: &[],
    most_in_app: None,
};

const CLIENT: KindRules = KindRules {
    label: "Client",
    definition: "Events from the Experience Client or CRM workspace",
    purpose: Purpose::ContactCentre,
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
    purpose: Purpose::Chat,
    list: Some("Master User API Keys"),
    presented: Presented::IdAndSecret(PairHeaders {
        id: "X-MASTER-USER-API-KEY",
        secret: "X-MASTER-USER-API-KEY-SECRET",
    }),
    prefix: Some("mk"),
    behind_proxy: true,
    seen_with: Act::SeePrivilegedKeys,
    changed_with: Act::ChangeKeys,
    asked: MASTER,
    editable: editable(MASTER),
    boxes: &MASTER_PERMISSIONS,
    typed_permissions: false,
    issuable_now: true,
    acts: &[],
    in_app: "The key reaches the chats and contacts of this app alone. You cannot change it later.",
    makes: &[],
    most_in_app: None,
};

const INTEGRATION: KindRules = KindRules {
    label: "Integration key",
    definition: "Calls on behalf of one integration",
    purpose: Purpose::Chat,
    list: None,
    presented: Presented::BasicOrJwt,
    prefix: Some("int"),
    behind_proxy: false,
    seen_with: Act::SeeKeys,
    changed_with: Act::ChangeKeys,
    asked: OF_INTEGRATION,
    editable: NAME_LIMITS,
    boxes: &[],
    typed_permissions: false,
    issuable_now: true,
    acts: CHATS,
    in_app: "The key reaches this app alone. You cannot change it later.",
    makes: &[],
    most_in_app: None,
};

const APP: KindRules = KindRules {
    label: "App key",
    definition: "Calls on behalf of one app",
    prefix: Some("app"),
    asked: NAME_LIMITS,
    acts: IN_APP,
    makes: &[KeyKind::Integration],
    most_in_app: Some(APP_KEYS_MAX),
    ..INTEGRATION
};

const ACCOUNT: KindRules = KindRules {
    label: "Account key",
    definition: "Creates apps and app keys",
    prefix: Some("act"),
    seen_with: Act::SeePrivilegedKeys,
    changed_with: Act::ChangeAccountKeys,
    acts: IN_ACCOUNT,
    in_app: "The key reaches every app. It is listed with this one, and refused while this one is archived. You cannot change it later.",
    makes: &[KeyKind::Integration, KeyKind::App],
    most_in_app: None,
    ..APP
};

const MEMBER: KindRules = KindRules {
    label: "API KEY",
    definition: "The app's own key, exchanged for access tokens",
    presented: Presented::ApiKeyHeader,
    prefix: None,
    asked: &[],
    editable: &[],
    issuable_now: false,
    acts: &[],
    ..INTEGRATION
};

#[cfg(test)]
mod tests;
