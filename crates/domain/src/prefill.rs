//! A link that opens the wizard filled in: `/keys/new?kind=service&name=Export&permissions=invoices.read&expires=90d`. It
//! fills in fields and does nothing else.

use crate::draft::{KeyDraft, Part};
use crate::expiry::Expiry;
use crate::field::{Field, FieldErrors};
use crate::kind::KeyKind;
use crate::life::LifeRules;
use crate::text::quote;
use crate::timestamp::{Millis, Timestamp};

/// The most characters of a link's parameters.
pub const LINK_MAX: usize = 4_000;

/// The parameter for the expiry: `never`, a number of days like `90d`, or a date.
pub const EXPIRES: &str = "expires";

/// The most days of an expiry: ten years.
const DAYS_MAX: i64 = 3_653;

/// What a link fills in.
#[derive(Debug, Default)]
pub struct Prefill {
    /// The fields, over those that were there before.
    pub draft: KeyDraft,
    /// Whether the link named any field but the integration, which the page of an integration names too.
    pub filled: bool,
    /// What is wrong with the values of the link. What is left to fill in is not wrong.
    pub errors: FieldErrors,
    /// Names that are no field of the kind.
    pub unknown: Vec<String>,
}

impl Prefill {
    /// Fills in the parameters of a link over a draft. A list has commas between its items, or its name several times.
    /// `others` are parameters with another meaning.
    pub fn read<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        draft: KeyDraft,
        kind: KeyKind,
        others: &[&str],
        now: Timestamp,
        life: LifeRules,
    ) -> Self {
        let mut read = Self { draft, ..Self::default() };
        let mut named = Vec::new();
        for (name, value) in pairs {
            if name == Field::Kind.as_str() || others.contains(&name) {
                continue;
            }
            let field = Field::parse(name).filter(|field| !matches!(field, Field::Expiry | Field::ExpiresAt));
            if name == EXPIRES && kind.rules().asks(Field::Expiry) {
                read.expires(value, now, life);
                named.extend([Field::Expiry, Field::ExpiresAt]);
            } else if let Some(field) = field.filter(|field| kind.rules().asks(*field)) {
                let first = !named.contains(&field);
                read.put(field, value, first);
                named.push(field);
            } else {
                read.unknown.push(name.to_owned());
            }
        }
        read.tick(kind);
        read.filled = named.iter().any(|field| *field != Field::Integration);
        // What is wrong with two fields together is said at the other one.
        for (field, with) in [(Field::NotBefore, Field::Expiry), (Field::QuotaRefill, Field::Quota)] {
            named.extend(named.contains(&field).then_some(with));
        }
        let wrong = read.draft.check(now).err().unwrap_or_default();
        read.errors.0.extend(wrong.0.into_iter().filter(|error| named.contains(&error.field)));
        read
    }

    fn put(&mut self, field: Field, value: &str, first: bool) {
        match self.draft.part(field) {
            Some(Part::Text(text)) => *text = Some(value.to_owned()),
            Some(Part::Items(items)) => {
                let items = items.get_or_insert_default();
                if first {
                    items.clear();
                }
                items.extend(value.split([',', '\n']).map(|item| item.trim().to_owned()));
            }
            None => {}
        }
    }

    fn expires(&mut self, value: &str, now: Timestamp, life: LifeRules) {
        // The last one counts.
        self.errors.0.retain(|error| !matches!(error.field, Field::Expiry | Field::ExpiresAt));
        let value = value.trim();
        let days = value.strip_suffix('d').and_then(|days| days.parse::<i64>().ok());
        let known = match days {
            Some(days) => Expiry::ALL.iter().find(|expiry| expiry.days() == Some(days)),
            None => Some(&Expiry::Never).filter(|never| never.as_str() == value),
        };
        let date = match days {
            Some(days) if (1..=DAYS_MAX).contains(&days) => Some(now.plus(Millis::days(days)).to_input()),
            Some(_) => None,
            None => Timestamp::parse_input(value).map(Timestamp::to_input),
        };
        let (expiry, date) = match (known, date) {
            (Some(known), _) => (*known, None),
            (None, Some(date)) => (Expiry::Custom, Some(date)),
            (None, None) => {
                let message = format!(
                    "{} is not an expiry: write never, days like 90d, or a date like 2026-11-21.",
                    quote(value)
                );
                self.errors.push(Field::Expiry, message);
                return;
            }
        };
        self.draft.expiry = Some(expiry.as_str().to_owned());
        self.draft.expires_at = date;
        if let Ok(at) = self.draft.expiry_moment(now) {
            self.errors.keep(self.draft.expiry_field(), life.check(now, at));
        }
    }

    /// Permissions that the form shows as boxes are ticked.
    fn tick(&mut self, kind: KeyKind) {
        let boxes = kind.rules().boxes;
        let Some(typed) = &mut self.draft.permissions else { return };
        let ticked: Vec<_> = typed.extract_if(.., |name| boxes.iter().any(|(known, _)| known == name)).collect();
        self.draft.boxes.extend(ticked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::Life;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn read(kind: KeyKind, pairs: &[(&str, &str)]) -> Prefill {
        Prefill::read(
            pairs.iter().copied(),
            KeyDraft::blank(kind, LifeRules::default()),
            kind,
            &["preset", "draft"],
            NOW,
            LifeRules::default(),
        )
    }

    #[test]
    fn a_link_fills_in_fields_and_lists() {
        let link = read(
            KeyKind::Service,
            &[
                ("kind", "service"),
                ("preset", "caller"),
                ("name", "Export"),
                ("permissions", "invoices.read, keystead.verify"),
                ("permissions", "orders.*"),
                ("cidrs", "10.0.0.0/8,::1"),
                ("environment", "test"),
                ("tags", "eu"),
            ],
        );
        assert!(link.errors.is_empty() && link.unknown.is_empty() && link.filled, "{link:?}");
        let spec = link.draft.check(NOW).unwrap();
        assert_eq!((spec.name.as_str(), spec.rules.cidrs.len(), spec.rules.permissions.len()), ("Export", 2, 3));
        assert_eq!(spec.expires_at, Some(NOW.plus(Millis::days(90))), "as it was before");
        assert!(!read(KeyKind::Service, &[("kind", "service"), ("draft", "x")]).filled);
        let own = ("integration", "0123456789abcdef01234567");
        assert!(!read(KeyKind::OF_INTEGRATION, &[own]).filled);
        assert!(read(KeyKind::OF_INTEGRATION, &[own, ("name", "Export")]).filled);
    }

    #[test]
    fn an_expiry_is_days_a_date_or_never() {
        for (value, expiry, date) in [
            ("90d", "90", None),
            ("365d", "365", None),
            ("never", "never", None),
            ("45d", "custom", Some("2027-03-01T08:00:00")),
            ("2040-01-01", "custom", Some("2040-01-01T00:00:00")),
        ] {
            let link = read(KeyKind::Service, &[("expires", value)]);
            assert_eq!(
                (link.draft.expiry.as_deref(), link.draft.expires_at.as_deref()),
                (Some(expiry), date),
                "{value}"
            );
            assert!(link.errors.is_empty(), "{:?}", link.errors);
        }
        for value in ["", "soon", "0d", "-1d", "9999d", "90", "d", "99999999999999999999d"] {
            let link = read(KeyKind::Service, &[("expires", value)]);
            assert_eq!((link.draft.expiry.as_deref(), link.errors.0.len()), (Some("90"), 1), "{value}");
        }
        assert_eq!(read(KeyKind::Service, &[("expires", "2001-01-01")]).errors.of(Field::ExpiresAt).count(), 1);
    }

    #[test]
    fn an_expiry_later_than_keys_may_live_is_named_at_once() {
        let life = LifeRules { longest: Life::Days90, ..LifeRules::default() };
        let kind = KeyKind::Service;
        let read = |value| Prefill::read([(EXPIRES, value)], KeyDraft::blank(kind, life), kind, &[], NOW, life);
        for value in ["30d", "90d", "2027-02-01"] {
            assert!(read(value).errors.is_empty(), "{value}");
        }
        for (value, field) in [
            ("never", Field::Expiry),
            ("365d", Field::Expiry),
            ("91d", Field::ExpiresAt),
            ("2040-01-01", Field::ExpiresAt),
        ] {
            let link = read(value);
            assert_eq!((link.errors.of(field).count(), link.errors.0.len()), (1, 1), "{value}: {link:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_what_is_missing_is_not() {
        let link = read(KeyKind::Service, &[("cidrs", "10.0.0.0/8,nonsense"), ("colour", "red"), ("expiry", "90")]);
        assert_eq!(link.errors.0.len(), 1, "{:?}", link.errors);
        assert_eq!((link.errors.0[0].field, link.errors.0[0].item), (Field::Cidrs, Some(1)));
        assert_eq!(link.unknown, ["colour", "expiry"]);
        let late = read(KeyKind::Service, &[("not_before", "2040-01-01")]);
        assert_eq!(late.errors.of(Field::Expiry).count(), 1, "it starts after it has expired: {late:?}");
        assert_eq!(read(KeyKind::Service, &[("quota_refill", "daily")]).errors.of(Field::Quota).count(), 1);
        let client = read(KeyKind::Client, &[("cidrs", "10.0.0.0/8"), ("expires", "90d"), ("form_id", "x")]);
        assert_eq!(client.unknown, ["cidrs", "expires", "form_id"], "no field of a Client key");
    }
}
