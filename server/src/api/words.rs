//! The closed sets of words in the document, each from the table that reads its words, so that both cannot differ. What a
//! later release adds words to has none: actions of the audit, verdicts, why an act left a key.

use domain::{
    bulk, calls, environment, grant, hand_over, key, kind, life, person, quota, request, role, second_factor,
};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// Sets by the names that they have in the document.
macro_rules! words {
    ($($name:ident: $schema:expr;)+) => {
        $(
            #[derive(Debug)]
            pub(super) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    $schema.into()
                }
            }

            impl ToSchema for $name {}
        )+
    };
}

/// The same, of every word of these tables.
macro_rules! whole {
    ($($name:ident: $table:ty;)+) => {
        words! { $($name: one_of(<$table>::ALL.iter().map(|word| word.as_str()));)+ }
    };
}

whole! {
    BulkAct: bulk::BulkAct;
    Environment: environment::Environment;
    FactorPolicy: second_factor::FactorPolicy;
    KeyAct: grant::KeyAct;
    KeyKind: kind::KeyKind;
    KeyLife: life::Life;
    KeyStatus: key::StatusWord;
    LinkLife: hand_over::LinkLife;
    PersonStatus: person::PersonFilter;
    QuotaRefill: quota::Refill;
    RequestStatus: request::RequestState;
    RevokeReason: key::RevokeReason;
    Role: role::Role;
    SecondFactor: person::SecondFactor;
    UsageSpan: calls::Span;
}

words! {
    // The kinds that a call can issue.
    NewKeyKind: one_of(kind::KeyKind::issuable().map(kind::KeyKind::as_str));
    // By its format, a body that does not parse has a wrong kind among its faults.
    WantedKind: one_of(kind::KeyKind::ALL.iter().map(|kind| kind.as_str()))
        .format(Some(SchemaFormat::Custom("key-kind".to_owned())));
}

fn one_of(words: impl Iterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}
