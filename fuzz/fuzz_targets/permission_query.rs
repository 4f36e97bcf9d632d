//! A query that parses can be answered, and more permissions never turn a yes into a no.
#![no_main]

use domain::permission::Permission;
use domain::permission_query::PermissionQuery;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let held: Vec<Permission> = ["a.b", "invoices.*"].iter().filter_map(|text| Permission::parse(text).ok()).collect();
    if let Ok(query) = PermissionQuery::parse(text) {
        assert_eq!(query.as_str(), text);
        let none = query.allows(&[]);
        assert!(!none, "a query asks for something");
        let fewer = held.first().is_some_and(|one| query.allows(std::slice::from_ref(one)));
        assert!(!fewer || query.allows(&held));
    }
    let _ = Permission::parse(text);
    let _ = Permission::parse_items(&[text]);
});
