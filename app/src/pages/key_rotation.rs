//! A rotation on the page of its key, and the dialogs that extend, finish and undo it.

use domain::field::Field;
use domain::hand_over::HandOver;
use domain::key::{KeyRow, KeyState};
use domain::refusal::Refusal;
use domain::rotation::{KeyRotation, NoRotation, OVERLAP_MAX, Overlap, OverlapChoice, UsedSecret};
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::key_rotate::overlap_fields;
use crate::addresses::{FROM_KEY, back_of, dialog_address, with_query};
use crate::components::failed::{Failed, FormProblem};
use crate::components::icon::{Drawn, Icon};
use crate::components::modal::Modal;
use crate::components::time::{Ago, Time};
use crate::desk::keys::KeyView;
use crate::desk::later::later;
use crate::desk::rotation::read_rotating;
use crate::error::ConsoleError;
use crate::forms::key::BACK;
use crate::forms::outcome::{PostedForm, Problem};
use crate::forms::rotation::{EndRotationForm, NEW_SECRET, OverlapForm};

/// What waits to be confirmed, or the two secrets that work; nothing for a key with one secret.
pub fn rotation(key: &KeyRow, rotation: KeyRotation, may: bool, now: Timestamp) -> Option<AnyView> {
    let (id, is_revoked) = (key.id, key.state == KeyState::Revoked);
    if let Some(waiting) = &rotation.waiting {
        let address = format!("/keys/{id}/rotation/acknowledge");
        return Some(
            view! {
                <div class="note">
                    <Drawn icon=Icon::Caution/>
                    <div>
                        <b>"A new secret waits to be confirmed until " <Time at=waiting.ack_deadline/> "."</b>
                        " Until somebody confirms it, only the old one works. "
                        {may.then(|| view! { <a href=address>"Confirm or drop it"</a> })}
                    </div>
                </div>
            }
            .into_any(),
        );
    }
    let (new, old, ends) = rotation.both()?;
    let link = |act: &str, label: &'static str| {
        let address = with_query(&format!("/keys/{id}/rotation/{act}"), FROM_KEY);
        view! { <a class="button" href=address>{label}</a> }
    };
    let actions = may.then(|| {
        view! {
            <footer class="inline">
                {(!is_revoked).then(|| link("extend", "Extend…"))}
                {link("finish", "Finish now…")} {link("undo", "Undo…")}
            </footer>
        }
    });
    Some(
        view! {
            <section class="card" id="rotation">
                <header><h2>{if is_revoked { "Two secrets" } else { "Two secrets work" }}</h2><small>"The old one until " <Time at=ends/></small></header>
                <div class="body stack">
                    <p>{format!("The old secret was {}.", old.1.words(now, new.0.since))}</p>
                    <div class="cols">{secret("New secret", new, now)} {secret("Old secret", old, now)}</div>
                </div>
                {actions}
            </section>
        }
        .into_any(),
    )
}

/// A new secret that somebody is to collect.
pub fn handed_over(hand_over: HandOver) -> impl IntoView {
    view! {
        <div class="note">
            <Drawn icon=Icon::Info/>
            <div>
                <b>"A new secret waits until " <span dir="auto">{hand_over.recipient}</span> " collects it, at the latest on " <Time at=hand_over.expires_at/> "."</b>
                " Until they confirm it, nothing changes. "
                <a href=format!("/keys/handovers/{}/withdraw", hand_over.key)>"Withdraw the link"</a>
            </div>
        </div>
    }
}

fn secret(name: &'static str, (secret, used): &UsedSecret, now: Timestamp) -> impl IntoView + use<> {
    let (secret, used) = (secret.clone(), used.clone());
    let addresses: Vec<_> = used
        .addresses
        .iter()
        .map(|(address, at)| view! { <li><span class="mono">{address.to_string()}</span> ", " <Ago at=*at now/></li> })
        .collect();
    let from = (!addresses.is_empty()).then(|| {
        view! {
            <div>
                <dt>"From"</dt>
                <dd><ul>{addresses}</ul>{used.more.then_some("and more addresses")}</dd>
            </div>
        }
    });
    view! {
        <div>
            <h3>{name} " " <span class="mono">{format!("…{}", secret.last4)}</span></h3>
            <dl class="facts">
                <div><dt>"Since"</dt><dd><Time at=secret.since/></dd></div>
                <div>
                    <dt>"Last used"</dt>
                    <dd>
                        {match used.last_used_at {
                            Some(at) => view! { <Ago at now/> }.into_any(),
                            None => "Not used since there are two".into_any(),
                        }}
                    </dd>
                </div>
                <div><dt>"Last hour"</dt><dd>{calls(used.calls)}</dd></div>
                {from}
            </dl>
        </div>
    }
}

fn calls(calls: u64) -> String {
    format!("{} call{}", domain::page::grouped(calls), if calls == 1 { "" } else { "s" })
}

#[component]
pub fn ExtendModal() -> impl IntoView {
    let posted = PostedForm::<OverlapForm>::take();
    let (sent, mut problem) =
        (posted.as_ref().map(|posted| posted.form.back.clone()), PostedForm::problem(posted.as_ref()));
    let typed = posted.map(|posted| posted.form).unwrap_or_default();
    // What ends no later is said where it was chosen.
    if problem.whole == Some(ConsoleError::Refused(Refusal::NoRotation(NoRotation::NoLater))) {
        let is_custom = OverlapChoice::parse(&typed.choice) == Some(OverlapChoice::Custom);
        let field = if is_custom { Field::OverlapTime } else { Field::Overlap };
        problem.fields.push(field, NoRotation::NoLater.message());
        problem.whole = None;
    }
    dialog(EXTEND, sent, problem, Some(typed))
}

#[component]
pub fn FinishModal() -> impl IntoView {
    confirm(FINISH)
}

#[component]
pub fn UndoModal() -> impl IntoView {
    confirm(UNDO)
}

/// What sets one dialog apart from the others.
#[derive(Debug, Clone, Copy)]
struct Asked {
    path: &'static str,
    /// What stands before the name of the key, and after it.
    title: (&'static str, &'static str),
    /// What will be true afterwards.
    effect: &'static str,
    button: &'static str,
    grave: bool,
}

const EXTEND: Asked = Asked {
    path: "rotation/extend",
    title: ("Keep the old secret of", " for longer?"),
    effect: "Both secrets go on to work: at most 90 days in all, and never longer than the key.",
    button: "Extend",
    grave: false,
};
const FINISH: Asked = Asked {
    path: "rotation/finish",
    title: ("Finish the rotation of", "?"),
    effect: "From the next call on, every call with the old secret is refused. The new one works on.",
    button: "Finish now",
    grave: true,
};
const UNDO: Asked = Asked {
    path: "rotation/undo",
    title: ("Undo the rotation of", "?"),
    effect: "From the next call on, every call with the new secret is refused, for good. The old one works on, as long as the key.",
    button: "Undo the rotation",
    grave: true,
};

fn confirm(asked: Asked) -> impl IntoView {
    let posted = PostedForm::<EndRotationForm>::take();
    let (sent, problem) =
        (posted.as_ref().map(|posted| posted.form.back.clone()), PostedForm::problem(posted.as_ref()));
    dialog(asked, sent, problem, None)
}

fn dialog(asked: Asked, sent: Option<String>, problem: Problem, extends: Option<OverlapForm>) -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let back = back_of(sent.as_deref());
    later(async move {
        match read_rotating(&id).await {
            Ok((view, rotation)) => ask(asked, &view, &rotation, problem, extends, back).into_any(),
            Err(error) => view! {
                <Modal title="Rotation" back=back.clone()>
                    <div class="body"><Failed error/></div>
                    <footer><a class="button primary" href=back>"Close"</a></footer>
                </Modal>
            }
            .into_any(),
        }
    })
}

fn ask(
    asked: Asked,
    view: &KeyView,
    rotation: &KeyRotation,
    problem: Problem,
    extends: Option<OverlapForm>,
    back: String,
) -> impl IntoView + use<> {
    let row = &view.key.row;
    let title = format!("{} “{}”{}", asked.title.0, row.name, asked.title.1);
    let Some((new, old, ends)) = rotation.both() else {
        return not_possible(title, NoRotation::NotRunning.message(), back);
    };
    let is_later = |by: Overlap| by.extends(view.now, new.0.since, ends, row.expires_at).is_some();
    if extends.is_some() && !is_later(Overlap::from_millis(OVERLAP_MAX.0)) {
        let why = "The old secret works as long as it can: 90 days in all, and never longer than the key.";
        return not_possible(title, why, back);
    }
    let fields = extends.map(|typed| {
        let offered: Vec<_> = OverlapChoice::ALL
            .iter()
            .copied()
            .filter(|choice| *choice == OverlapChoice::Custom || Overlap::parse(choice.as_str()).is_ok_and(is_later))
            .collect();
        let errors = RwSignal::new(problem.fields);
        overlap_fields(errors, &typed, &offered, "The old one works for another")
    });
    let is_undo = asked.path == UNDO.path;
    let (name, stops) = if is_undo { ("New secret", new) } else { ("Old secret", old) };
    let told = format!("It was {}.", stops.1.words(view.now, new.0.since));
    let (last4, number) = (format!("…{}", stops.0.last4), new.0.number.0);
    let address = dialog_address(row.id.as_str(), asked.path, &back);
    let button = if asked.grave { "button primary danger" } else { "button primary" };
    view! {
        <Modal title back=back.clone()>
            <form method="post" action=address novalidate>
                <div class="body">
                    <FormProblem problem=problem.whole/>
                    <p>{asked.effect}</p>
                    {fields}
                    <dl class="facts">
                        <div><dt>{name}</dt><dd><span class="mono">{last4}</span></dd></div>
                        <div><dt>"Use"</dt><dd>{told}</dd></div>
                        // Undone, it works on.
                        {(!is_undo).then(|| view! { <div><dt>"The old one ends"</dt><dd><Time at=ends/></dd></div> })}
                    </dl>
                    <input type="hidden" name=NEW_SECRET value=number/>
                    <input type="hidden" name=BACK value=back.clone()/>
                </div>
                <footer>
                    <a class="button" href=back>"Cancel"</a>
                    <button class=button>{asked.button}</button>
                </footer>
            </form>
        </Modal>
    }
    .into_any()
}

fn not_possible(title: String, why: &'static str, back: String) -> AnyView {
    view! {
        <Modal title back=back.clone()>
            <div class="body"><p>{why}</p></div>
            <footer><a class="button" href=back>"Close"</a></footer>
        </Modal>
    }
    .into_any()
}
