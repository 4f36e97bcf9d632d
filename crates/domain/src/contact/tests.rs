use super::*;

fn draft() -> ContactDraft {
    ContactDraft {
        first_name: " Ada ".to_owned(),
        last_name: "Lovelace".to_owned(),
        email: "ADA@example.com".to_owned(),
        identifier: "crm/7".to_owned(),
        kind: "staff".to_owned(),
        is_admin: true,
    }
}

fn contact() -> Contact {
    let NewContact { identifier, email, first_name, last_name, kind, is_admin } = draft().check().unwrap();
    Contact {
        id: ContactId::from_random([1; 12]),
        app_id: AppId::from_random([2; 12]),
        identifier,
        email,
        first_name,
        last_name,
        kind,
        is_admin,
        status: ContactStatus::Active,
        avatar: None,
        butler: None,
        profile: "{}".to_owned(),
        created_at: Timestamp::from_millis(0),
    }
}

#[test]
fn a_contact_is_cleaned_up_and_checked() {
    let checked = draft().check().unwrap();
    assert_eq!((&*checked.first_name, checked.email.as_deref()), ("Ada", Some("ada@example.com")));
    let wrong = |draft: ContactDraft| {
        let errors = draft.check().unwrap_err();
        errors.0.into_iter().map(|error| error.field).collect::<Vec<_>>()
    };
    assert_eq!(wrong(ContactDraft::default()), [Field::FirstName]);
    assert_eq!(wrong(ContactDraft { kind: "client".to_owned(), ..draft() }), [Field::IsAdmin]);
    let (name, identifier) = ("x".repeat(CONTACT_NAME_MAX), "x".repeat(EXTERNAL_ID_MAX));
    assert!(
        ContactDraft { first_name: name.clone(), last_name: name.clone(), identifier: identifier.clone(), ..draft() }
            .check()
            .is_ok()
    );
    for dots in [".", " .. "] {
        assert_eq!(wrong(ContactDraft { identifier: dots.to_owned(), ..draft() }), [Field::Identifier], "{dots}");
    }
    let over = ContactDraft {
        first_name: format!("{name}x"),
        last_name: format!("{name}x"),
        email: "nobody".to_owned(),
        identifier: format!("{identifier}x"),
        kind: "robot".to_owned(),
        is_admin: false,
    };
    assert_eq!(wrong(over), [Field::FirstName, Field::LastName, Field::Email, Field::Identifier, Field::ContactKind]);
}

#[test]
fn a_form_holds_what_the_contact_has() {
    let contact = contact();
    assert_eq!(ContactDraft::from_contact(&contact).check().unwrap(), NewContact::from(&contact));
    assert_eq!((contact.name(), NewContact::from(&contact).name()), ("Ada Lovelace".into(), "Ada Lovelace".into()));
    assert_eq!(Contact { last_name: String::new(), ..contact }.name(), "Ada");
}

#[test]
fn a_list_survives_its_string() {
    let text = "q=Ada%20%26%20Co&kind=staff&status=invited&rows=100&after=a~1";
    let pairs =
        [("q", " Ada & Co "), ("kind", "staff"), ("status", "invited"), ("rows", "100"), ("after", "a~1"), ("x", "")];
    let query = ContactQuery::from_pairs(pairs);
    assert_eq!(query.to_query_string(), text);
    assert!(query.is_filtered() && query.first_page().after.is_none());
    assert_eq!(ContactQuery::from_pairs([("kind", "x"), ("rows", "7")]), ContactQuery::default());
}

#[test]
fn the_names_of_a_contact_take_the_place_of_their_placeholders() {
    let of = |text: &str| personal(text, "Ada", "Lovelace");
    assert_eq!(of("Hello {{first_name}} {{last_name}}!"), "Hello Ada Lovelace!");
    assert_eq!(of("{{ First Name }}, {{firstName}}, {{FULL_NAME}}, {{name}}"), "Ada, Ada, Ada Lovelace, Ada Lovelace");
    for plain in ["{{", "}}", "{{first_name", "{first_name}", "{{x}} {{}}", "a }} b {{"] {
        assert_eq!(of(plain), plain);
    }
    assert_eq!(of("{{{{first_name}}}} {{{last_name}}}"), "{{Ada}} {Lovelace}");
    assert_eq!(of("Write {{ as you like, {{first_name}}"), "Write {{ as you like, Ada");
    assert_eq!(of("a }} b {{x}} {{ {{last_name}} }}"), "a }} b {{x}} {{ Lovelace }}");
    assert_eq!(personal("{{first_name}}", "{{last_name}}", ""), "{{last_name}}", "a name is not read again");
}

#[test]
fn a_key_names_contacts_in_either_form() {
    let id = ContactId::from_random([7; 12]);
    let items = [id.to_string(), id.to_uuid(), String::new()];
    assert_eq!(acts_for(&items).unwrap(), [id]);
    assert_eq!(acts_for(&["ada".to_owned()]).unwrap_err().0[0].field, Field::ActsFor);
    let many = (0..=ACTS_FOR_MAX).map(|n| ContactId::from_random([u8::try_from(n).unwrap(); 12]).to_string());
    assert!(acts_for(&many.collect::<Vec<_>>()).is_err());
}
