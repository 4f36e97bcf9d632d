//! Requests by the command line: listed, shown and declined both ways. People alone approve.

use std::path::Path;

use domain::approval::ApprovalRules;
use domain::draft::KeyDraft;
use secrecy::SecretString;
use service::ClientInfo;
use service::sign_in::SignIn;

use crate::cli_both::Two;
use crate::command_line::{done, failed, opened};
use crate::mailbox::MailBox;
use crate::support::{EMAIL, PASSWORD, list, operator, service_key, session_of};

/// Has the owner ask for so many keys that a second person must approve, and gives the ids of the requests.
async fn asked(data: &Path, count: usize) -> Vec<String> {
    let product = opened(data).await;
    let service = &product.service;
    let rules = ApprovalRules::read(&[], &["risky.*".to_owned()], false).unwrap();
    service.set_approval_rules(&operator(), &rules).await.unwrap();
    let sign_in = SignIn { email: EMAIL.to_owned(), password: SecretString::from(PASSWORD.to_owned()) };
    let session = session_of(service.sign_in(sign_in, &ClientInfo::default()).await.unwrap());
    let by = service.session(&session).await.unwrap().unwrap().caller(None);
    let draft =
        KeyDraft { permissions: list(&["risky.do"]), expiry: Some("90".to_owned()), ..service_key("Nightly export") };
    let mut ids = Vec::new();
    for _ in 0..count {
        let form = service.new_form_id().unwrap();
        let asked = service.request_key(&by, service.default_app(), &draft, &form, "For the\nauditors").await.unwrap();
        ids.push(asked.unwrap().request.key.to_string());
    }
    product.store.close().await;
    ids
}

#[tokio::test]
async fn requests_are_listed_shown_and_declined_both_ways() {
    let two = Two::start();
    assert_eq!(two.both(&["request", "list"]), "");
    let ids = asked(two.data(), 4).await;
    let table = two.both(&["request", "list"]);
    assert!(table.starts_with("Id") && table.lines().count() == 5, "{table}");
    for words in ["Nightly export", "service", EMAIL, "For the auditors", "waiting", "Until"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    assert_eq!(two.both(&["request", "list", "--limit", "1"]).lines().count(), 2);
    assert_eq!(two.json(&["request", "list"])["data"].as_array().unwrap().len(), 4);
    let shown = two.both(&["request", "show", &ids[0]]);
    for words in ["Asked by", "Reason", "Name", "Permissions", "risky.do", "Expires in days", "waiting"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(two.json(&["request", "show", &ids[0]])["request"]["key"]["name"], "Nightly export");

    let long = "x".repeat(501);
    assert!(two.refused(&["request", "decline", &ids[0], "--note", &long], 1).contains("--note: "));
    for (there, id, by) in [(false, &ids[0], "(command line)"), (true, &ids[1], "key manager")] {
        let act = |arguments: &[&str]| if there { two.there(arguments) } else { two.here(arguments) };
        let decline = ["request", "decline", id, "--note", "Not now."];
        assert_eq!(done(&act(&decline)), format!("Declined the request for Nightly export ({id}).\n"));
        assert!(failed(&act(&decline), 1).contains("current state"));
        let shown = two.both(&["request", "show", id]);
        assert!(shown.contains("Decided by") && shown.contains(by) && shown.contains("Not now."), "{shown}");
    }
    let many = two.here(&["request", "decline", "000000000000", &ids[2], &ids[3]]);
    let said = String::from_utf8(many.stderr).unwrap();
    assert!(many.status.code() == Some(1) && said.contains("1 of 3 were refused"), "{said}");
    assert_eq!(String::from_utf8(many.stdout).unwrap().lines().count(), 2);
    let ended = two.both(&["request", "list", "--show", "ended"]);
    assert!(ids.iter().all(|id| ended.contains(id)) && ended.contains("declined"), "{ended}");
    assert_eq!(two.both(&["request", "list"]), "");
    let line = two.refused(&["request", "list", "--show", "all"], 2);
    assert!(line.contains("--show") && line.contains("; use one of "), "{line}");
    assert!(two.refused(&["request", "show", "000000000000"], 1).contains("This does not exist"));
    assert!(two.refused(&["request", "show", "x"], 2).contains("an id has 12 letters and digits"));
}

#[tokio::test]
async fn requests_are_those_of_an_app() {
    let two = Two::start();
    done(&two.here(&["app", "create", "Shop"]));
    let id = asked(two.data(), 1).await.remove(0);
    assert!(done(&two.here(&["request", "list", "--app", "Default"])).contains(&id));
    assert_eq!(done(&two.here(&["request", "list", "--app", "Shop"])), "");
    assert!(failed(&two.here(&["request", "decline", &id, "--app", "Shop"]), 1).contains("This does not exist"));
    assert!(failed(&two.there(&["request", "list", "--app", "Default"]), 2).contains("--app"));
}

/// Whoever has the shell or a key may be who asked.
#[tokio::test]
async fn no_command_approves() {
    let two = Two::start();
    let id = asked(two.data(), 1).await.remove(0);
    let here = failed(&two.here(&["request", "approve", &id]), 1);
    assert!(here.contains(&format!("signed in to the console: http://localhost:3000/requests/{id}")), "{here}");
    let there = failed(&two.there(&["request", "approve", &id]), 1);
    assert!(there.contains(&format!("{}/requests/{id}", two.url())), "{there}");
    assert_eq!(two.json(&["request", "show", &id])["request"]["status"], "waiting");
    let help = done(&two.here(&["request", "--help"]));
    assert!(help.contains("decline") && !help.contains("approve "), "{help}");
}

/// A command ends only once its mail is on its way: nobody else sends it.
#[tokio::test]
async fn whoever_asked_is_mailed_before_the_command_ends() {
    let (two, mailbox) = (Two::start(), MailBox::start());
    let id = asked(two.data(), 1).await.remove(0);
    let url = mailbox.url();
    done(&two.here(&["request", "decline", &id, "--note", "Not now.", "--smtp-url", &url]));
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].contains("Not now.") && mails[0].contains("http://localhost:3000/requests"), "{}", mails[0]);
}
