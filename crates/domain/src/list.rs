//! The state of the key list, as the URL carries it.

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::ids::IntegrationId;
use crate::kind::KeyKind;
use crate::labels::{EXTERNAL_ID_MAX, TAG_MAX};
use crate::query_string::{LeftOut, ListQuery, Taken, descending, is_whole, put, put_text, query_string, read_pairs};
use crate::text::{EMAIL_MAX, SEARCH_MAX};
use crate::token;

/// The most characters of a cursor.
const CURSOR_MAX: usize = 1_000;

names! {
    /// Which keys a list shows.
    pub enum StatusFilter {
        /// Passes now, by status and dates.
        Active = "active",
        Pending = "pending",
        Disabled = "disabled",
        Revoked = "revoked",
        NotYetValid = "not_yet_valid",
        Expired = "expired",
        Expiring7 = "expiring_7",
        Expiring30 = "expiring_30",
        NeverUsed = "never_used",
        NeverUsed90 = "never_used_90",
        Unrestricted = "unrestricted",
        RotationOverdue = "rotation_overdue",
        Off = "off",
        Accepted = "accepted_24h",
        Refused = "refused_24h",
    }
}

impl StatusFilter {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Pending => "Pending",
            Self::Disabled => "Disabled",
            Self::Revoked => "Revoked",
            Self::NotYetValid => "Not yet valid",
            Self::Expired => "Expired",
            Self::Expiring7 => "Expiring in 7 days",
            Self::Expiring30 => "Expiring in 30 days",
            Self::NeverUsed => "Never used",
            Self::NeverUsed90 => "Never used for 90 days",
            Self::Unrestricted => "No restriction and no expiry",
            Self::RotationOverdue => "Rotation overdue",
            Self::Off => "Disabled or revoked",
            Self::Accepted => "Accepted in the last 24 hours",
            Self::Refused => "Refused in the last 24 hours",
        }
    }
}

names! {
    /// What a list is ordered by.
    #[derive(Default)]
    pub enum KeySort {
        #[default]
        Name = "name",
        Created = "created",
        LastUsed = "last_used",
    }
}

names! {
    /// How many rows a page of a list shows.
    #[derive(Default)]
    pub enum Rows {
        #[default]
        Few = "25",
        Many = "50",
        Most = "100",
    }
}

impl Rows {
    /// The number.
    pub const fn count(self) -> u32 {
        match self {
            Self::Few => 25,
            Self::Many => 50,
            Self::Most => 100,
        }
    }
}

/// A key list as a person asked for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyQuery {
    /// The beginning of a name, of a word in it, of an id or of an external id. A whole token is cut to its id.
    pub search: Option<String>,
    /// Show only keys of this kind; `None` for all kinds.
    pub kind: Option<KeyKind>,
    /// Only keys of this status.
    pub status: Option<StatusFilter>,
    /// Only keys of this environment.
    pub environment: Option<Environment>,
    /// Only keys with this owner: an e-mail, or the name of a team.
    pub owner: Option<String>,
    /// Only keys with this tag.
    pub tag: Option<String>,
    /// Only keys with this external id.
    pub external_id: Option<String>,
    /// Only keys of this integration.
    pub integration: Option<IntegrationId>,
    /// What to sort by. A search has an order of its own.
    pub sort: KeySort,
    /// Whether the order is reversed.
    pub descending: bool,
    /// How many rows a page shows.
    pub rows: Rows,
    /// The number of the page, as far as the link to it knows; `None` for the first.
    pub page: Option<u32>,
    /// Show the page after this cursor.
    pub after: Option<String>,
    /// Show the page before this cursor. Ignored if `after` is set.
    pub before: Option<String>,
}

impl ListQuery for KeyQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "q" => put_text(&mut self.search, value, search(value)),
            "kind" => put(&mut self.kind, value, KeyKind::parse(value)),
            "status" => put(&mut self.status, value, StatusFilter::parse(value)),
            "environment" => put(&mut self.environment, value, Environment::parse(value)),
            "owner" => put_text(&mut self.owner, value, label(value, EMAIL_MAX)),
            "tag" => put_text(&mut self.tag, value, label(value, TAG_MAX)),
            "external_id" => put_text(&mut self.external_id, value, label(value, EXTERNAL_ID_MAX)),
            "integration" => put(&mut self.integration, value, IntegrationId::parse(value)),
            "sort" => put(&mut self.sort, value, KeySort::parse(value)),
            "dir" => put(&mut self.descending, value, descending(value)),
            "rows" => put(&mut self.rows, value, Rows::parse(value)),
            "page" if value == "1" => put(&mut self.page, value, Some(None)),
            "page" => put(&mut self.page, value, value.parse::<u32>().ok().filter(|page| *page > 1)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    /// Whoever pastes a whole key looks for that one, whatever else the address asks for.
    fn read<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<LeftOut>) {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let whole = pairs.iter().find(|(name, value)| *name == "q" && token::cut_to_id(value).is_some());
        read_pairs(whole.map_or(&*pairs, std::slice::from_ref).iter().copied())
    }

    fn to_query_string(&self) -> String {
        let sort = (self.sort != KeySort::default()).then(|| self.sort.as_str());
        let rows = (self.rows != Rows::default()).then(|| self.rows.as_str());
        let page = self.page.map(|page| page.to_string());
        query_string([
            ("q", self.search.as_deref()),
            ("kind", self.kind.map(KeyKind::as_str)),
            ("status", self.status.map(StatusFilter::as_str)),
            ("environment", self.environment.map(Environment::as_str)),
            ("owner", self.owner.as_deref()),
            ("tag", self.tag.as_deref()),
            ("external_id", self.external_id.as_deref()),
            ("integration", self.integration.as_ref().map(IntegrationId::as_str)),
            ("sort", sort),
            ("dir", self.descending.then_some("desc")),
            ("rows", rows),
            ("page", page.as_deref()),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

impl KeyQuery {
    /// The same list from its first page.
    pub fn first_page(&self) -> Self {
        Self { page: None, after: None, before: None, ..self.clone() }
    }

    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        let plain = Self { sort: self.sort, descending: self.descending, rows: self.rows, ..Self::default() };
        self.first_page() != plain
    }
}

/// A search text that is safe in a URL and a log. Trims it, limits it to `SEARCH_MAX` characters, cuts a token or an
/// API KEY to its id, and removes secrets and control characters; `None` if nothing is left.
pub fn search(text: &str) -> Option<String> {
    search_of(text, SEARCH_MAX)
}

/// A search text of which nothing has to be left out. A search for less would find more.
pub fn search_whole(text: &str) -> Option<String> {
    search(text).filter(|found| is_whole(found, text))
}

/// A search text of at most so many characters.
pub fn search_of(text: &str, max: usize) -> Option<String> {
    if let Some(id) = token::cut_to_id(text) {
        return Some(id.as_str().to_owned());
    }
    let text: String = shown_again(text).trim().chars().take(max).collect();
    (!text.is_empty()).then_some(text)
}

/// A text as its field shows it again, whatever is wrong with it: without the secrets of keys, and without control
/// characters.
pub fn shown_again(text: &str) -> String {
    token::without_secrets(&text.chars().filter(|c| !c.is_control()).collect::<String>())
}

/// An owner, a tag or an external id as a link to the list names it; `None` if it is blank or a whole key.
fn label(text: &str, max: usize) -> Option<String> {
    if token::stands_in(text) {
        return None;
    }
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(max).collect();
    (!text.is_empty()).then_some(text)
}

/// A cursor that is safe in a URL and a log; `None` if the text cannot be one.
pub fn cursor(text: &str) -> Option<String> {
    let cursor =
        !text.is_empty() && text.len() <= CURSOR_MAX && !text.contains(char::is_control) && !token::stands_in(text);
    cursor.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_and_tag_can_be_a_filter() {
        for text in ["t".repeat(TAG_MAX), "team_123456789012_abcdefghijklmnop".to_owned()] {
            let query = KeyQuery::from_pairs([("owner", text.as_str()), ("tag", text.as_str())]);
            assert_eq!((query.owner.as_ref(), query.tag.as_ref()), (Some(&text), Some(&text)));
        }
    }

    #[test]
    fn the_plain_list_has_no_query_string() {
        assert_eq!(KeyQuery::default().to_query_string(), "");
        assert_eq!(
            KeyQuery::from_pairs([("kind", "nonsense"), ("sort", "x"), ("utm", "1"), ("q", "  ")]),
            KeyQuery::default()
        );
    }

    #[test]
    fn a_query_survives_its_string() {
        let query = KeyQuery {
            search: Some("Büro & Co. + 100%".to_owned()),
            kind: Some(KeyKind::MasterUser),
            status: Some(StatusFilter::Expiring7),
            environment: Some(Environment::Test),
            owner: Some("ada@example.com".to_owned()),
            tag: Some("eu".to_owned()),
            external_id: Some("cus/1".to_owned()),
            integration: Some(IntegrationId::from_random([0xab; 12])),
            sort: KeySort::LastUsed,
            descending: true,
            rows: Rows::Many,
            page: Some(2),
            after: Some("a~1".to_owned()),
            before: None,
        };
        let text = query.to_query_string();
        assert_eq!(
            text,
            "q=B%C3%BCro%20%26%20Co.%20%2B%20100%25&kind=master_user&status=expiring_7&environment=test&owner=ada%40example.com&tag=eu&external_id=cus%2F1&integration=abababababababababababab&sort=last_used&dir=desc&rows=50&page=2&after=a~1"
        );
        let pairs = [
            ("q", "Büro & Co. + 100%"),
            ("kind", "master_user"),
            ("status", "expiring_7"),
            ("environment", "test"),
            ("owner", "ada@example.com"),
            ("tag", "eu"),
            ("external_id", "cus/1"),
            ("integration", "abababababababababababab"),
            ("sort", "last_used"),
            ("dir", "desc"),
            ("rows", "50"),
            ("page", "2"),
            ("after", "a~1"),
        ];
        assert_eq!(KeyQuery::from_pairs(pairs), query);
        assert_eq!(KeyQuery::read_string(&text), (query.clone(), vec![]));
        for (text, left_out) in
            [("", 0), ("&&", 0), ("q", 0), ("q=%ff%", 0), ("=x", 1), ("utm=1&kind", 1), ("kind=x", 1)]
        {
            let (query, left) = KeyQuery::read_string(text);
            assert_eq!((query.kind, left.len()), (None, left_out), "{text}");
        }
        assert_eq!((query.first_page().after, query.first_page().page), (None, None));
        for page in ["0", "1", "-1", "x", "99999999999"] {
            assert_eq!(KeyQuery::from_pairs([("page", page), ("rows", "7")]), KeyQuery::default(), "{page}");
        }
    }

    #[test]
    fn a_pasted_token_is_cut_to_its_id() {
        let secret = "s".repeat(43);
        let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let token = token::PlainToken::compose("ks", &id, &secret).expose().to_owned();
        let query = KeyQuery::from_pairs([("kind", "client"), ("q", token.as_str()), ("status", "revoked")]);
        assert_eq!((query.kind, query.status), (None, None), "the other filters are dropped");
        assert_eq!(query.search.as_deref(), Some("7Qm2xVbN4tRa"));
        for name in ["owner", "tag", "external_id", "after", "before"] {
            assert_eq!(KeyQuery::from_pairs([(name, token.as_str())]), KeyQuery::default(), "{name}");
        }
        assert!(!query.to_query_string().contains(&secret));
    }

    #[test]
    fn a_pasted_api_key_of_an_app_is_cut_to_its_id() {
        let whole = "7Qm2xV-bN4tRa-abcdef-012345-20261121093002";
        for pasted in [whole.to_owned(), format!("API_KEY: {whole}")] {
            assert_eq!(search(&pasted).as_deref(), Some("7Qm2xVbN4tRa"));
        }
        assert_eq!(search(&whole.replace("bN4", "bN\u{7}4")), None, "what is left without control characters");
        for name in ["owner", "tag", "external_id", "after", "before"] {
            assert_eq!(KeyQuery::from_pairs([(name, whole)]), KeyQuery::default(), "{name}");
        }
        let masked = "7Qm2xV-bN4tRa-••••••-••••••-20261121093002";
        assert_eq!(search(masked).as_deref(), Some(masked));
    }

    #[test]
    fn a_pasted_secret_is_dropped() {
        let secret = "s".repeat(49);
        for (pasted, left) in [
            (secret.clone(), None),
            (format!("KEYSTEAD_KEY_SECRET={secret}"), Some("KEYSTEAD_KEY_SECRET=")),
            (format!("a {secret} b"), Some("a b")),
            ("s".repeat(48), Some("s".repeat(48).as_str())),
            ("0af9".repeat(16), Some("0af9".repeat(16).as_str())),
        ] {
            assert_eq!(search(&pasted).as_deref(), left, "{pasted}");
        }
    }

    #[test]
    fn control_characters_are_no_part_of_a_search_or_a_cursor() {
        let query = KeyQuery::from_pairs([("q", "a\0b\u{85}"), ("after", "a~\0")]);
        assert_eq!((query.search.as_deref(), query.after), (Some("ab"), None));
        assert_eq!(search("\0"), None);
        assert_eq!(search(&format!("{}\0{}", "s".repeat(25), "s".repeat(24))), None);
    }
}
