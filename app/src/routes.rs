//! Which address shows which screen.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::path;

use crate::components::title::provide_titles;
use crate::pages::about::AboutPage;
use crate::pages::accept::AcceptPage;
use crate::pages::account::AccountPage;
use crate::pages::account_connect::AccountConnect;
use crate::pages::account_email::AccountEmail;
use crate::pages::account_factor::AccountFactor;
use crate::pages::account_passkeys::AccountPasskeys;
use crate::pages::account_password::AccountPassword;
use crate::pages::acknowledge::Acknowledge;
use crate::pages::apps::{AppsPage, ArchiveAppModal, CreateAppModal, RenameAppModal, RestoreAppModal};
use crate::pages::audit::AuditPage;
use crate::pages::chat::{AddContactsModal, ArchiveChatModal, ChatPage, RenameChatModal, RestoreChatModal};
use crate::pages::chats::{ChatsPage, CreateChatModal};
use crate::pages::collect::{CollectPage, StoredPage};
use crate::pages::contact::{
    ContactPage, DisableContactModal, EditContactModal, EnableContactModal, RemoveContactModal,
};
use crate::pages::contacts::{ContactsPage, CreateContactModal};
use crate::pages::dashboard::DashboardPage;
use crate::pages::deliveries::{DeliveriesPage, DeliveryPage};
use crate::pages::endpoints::EndpointsPage;
use crate::pages::events::EventPage;
use crate::pages::examples::ExamplesPage;
use crate::pages::find::FindPage;
use crate::pages::forgot::ForgotPage;
use crate::pages::frame::Frame;
use crate::pages::generate::Generate;
use crate::pages::hand_over::HandOverPage;
use crate::pages::hand_overs::{HandOversPage, WithdrawModal};
use crate::pages::help::{HelpArticle, HelpPage};
use crate::pages::holder::HolderPage;
use crate::pages::holder_acts::{HolderRevoke, HolderRotate};
use crate::pages::integration::IntegrationPage;
use crate::pages::integration_acts::{DeleteIntegrationModal, EditIntegrationModal};
use crate::pages::integration_new::NewIntegrationPage;
use crate::pages::integrations::IntegrationsPage;
use crate::pages::invite::{InvitePage, RenewInvite, RevokeInviteModal};
use crate::pages::key::KeyPage;
use crate::pages::key_acts::{DeleteModal, DisableModal, EnableModal, RestoreModal, RevokeModal};
use crate::pages::key_audit::{AllKeysAuditModal, KeyAuditModal};
use crate::pages::key_edit::EditModal;
use crate::pages::key_rotate::RotateModal;
use crate::pages::key_rotation::{ExtendModal, FinishModal, UndoModal};
use crate::pages::keys::KeysPage;
use crate::pages::keys_bulk::BulkPage;
use crate::pages::keys_views::ViewsPage;
use crate::pages::member_key::ReissuePage;
use crate::pages::not_found::NotFound;
use crate::pages::people::PeoplePage;
use crate::pages::person::PersonPage;
use crate::pages::person_acts::{
    DisablePersonModal, EnablePersonModal, PersonAppsModal, PersonKeysModal, ResetFactorModal, RoleModal,
    SignOutPersonModal, UnlockPersonModal,
};
use crate::pages::person_remove::RemovePersonModal;
use crate::pages::person_reset::PersonReset;
use crate::pages::prepare::PreparePage;
use crate::pages::prove::ProvePage;
use crate::pages::request::RequestPage;
use crate::pages::request_acts::{ApproveModal, DeclineModal, ManyRequests, WithdrawRequest};
use crate::pages::request_collect::CollectRequest;
use crate::pages::requests::RequestsPage;
use crate::pages::reset::ResetPage;
use crate::pages::room::RoomPage;
use crate::pages::room_acts::{CloseRoomModal, DeleteRoomModal, EditRoomModal, OpenRoomModal};
use crate::pages::room_join::JoinRoomPage;
use crate::pages::rooms::{CreateRoomModal, RoomsPage};
use crate::pages::rotation_acknowledge::AcknowledgeRotation;
use crate::pages::rotation_hand_over::RotationHandOver;
use crate::pages::settings::SettingsPage;
use crate::pages::setup::SetupPage;
use crate::pages::setup_integration::SetupIntegration;
use crate::pages::sign_in::SignInPage;
use crate::pages::sign_in_code::CodePage;
use crate::pages::status::StatusPage;
use crate::pages::webhooks::{AddWebhookPage, EditWebhookModal, RemoveWebhookModal, WebhookSecretPage};
use crate::pages::why::WhyPage;

/// The whole console.
#[component]
#[expect(clippy::too_many_lines, reason = "a table, with a line for each route")]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_titles();
    // Every page is one complete document, because it must work without scripts.
    let whole = SsrMode::Async;
    view! {
        <Title formatter=titled/>
        <Router>
            <Routes fallback=|| view! { <NotFound/> }.into_any()>
                <Route path=path!("/login") view=SignInPage ssr=whole.clone()/>
                <Route path=path!("/setup") view=SetupPage ssr=whole.clone()/>
                <Route path=path!("/invite/:token") view=AcceptPage ssr=whole.clone()/>
                <Route path=path!("/login/code") view=CodePage ssr=whole.clone()/>
                <Route path=path!("/forgot") view=ForgotPage ssr=whole.clone()/>
                <Route path=path!("/reset/:token") view=ResetPage ssr=whole.clone()/>
                <Route path=path!("/collect/:token") view=CollectPage ssr=whole.clone()/>
                <Route path=path!("/collect/:token/stored") view=StoredPage ssr=whole.clone()/>
                <Route path=path!("/holder") view=HolderPage ssr=whole.clone()/>
                <Route path=path!("/holder/revoke") view=HolderRevoke ssr=whole.clone()/>
                <Route path=path!("/holder/rotate") view=HolderRotate ssr=whole.clone()/>
                <ParentRoute path=path!("") view=Frame ssr=whole>
                    <Route path=path!("/") view=DashboardPage/>
                    <Route path=path!("/account") view=AccountPage/>
                    <Route path=path!("/account/email") view=AccountEmail/>
                    <Route path=path!("/account/password") view=AccountPassword/>
                    <Route path=path!("/account/passkeys") view=AccountPasskeys/>
                    <Route path=path!("/account/prove") view=ProvePage/>
                    <Route path=path!("/account/second-factor") view=AccountFactor/>
                    <Route path=path!("/account/connect/:provider") view=AccountConnect/>
                    <Route path=path!("/account/providers") view=AccountPage/>
                    <Route path=path!("/account/sessions") view=AccountPage/>
                    <Route path=path!("/account/time-zone") view=AccountPage/>
                    <Route path=path!("/keys/new") view=Generate/>
                    <Route path=path!("/keys/bulk") view=BulkPage/>
                    <Route path=path!("/keys/views") view=ViewsPage/>
                    <Route path=path!("/keys/handovers/new") view=HandOverPage/>
                    <ParentRoute path=path!("/keys/handovers") view=HandOversPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/:id/withdraw") view=WithdrawModal/>
                    </ParentRoute>
                    <ParentRoute path=path!("/keys") view=KeysPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/audit") view=AllKeysAuditModal/>
                        <Route path=path!("/:id/edit") view=EditModal/>
                        <Route path=path!("/:id/audit") view=KeyAuditModal/>
                        <Route path=path!("/:id/rotate") view=RotateModal/>
                        <Route path=path!("/:id/rotation/extend") view=ExtendModal/>
                        <Route path=path!("/:id/rotation/finish") view=FinishModal/>
                        <Route path=path!("/:id/rotation/undo") view=UndoModal/>
                        <Route path=path!("/:id/disable") view=DisableModal/>
                        <Route path=path!("/:id/enable") view=EnableModal/>
                        <Route path=path!("/:id/revoke") view=RevokeModal/>
                        <Route path=path!("/:id/restore") view=RestoreModal/>
                        <Route path=path!("/:id/delete") view=DeleteModal/>
                    </ParentRoute>
                    <Route path=path!("/keys/:id") view=KeyPage/>
                    <Route path=path!("/keys/:id/why") view=WhyPage/>
                    <Route path=path!("/keys/:id/acknowledge") view=Acknowledge/>
                    <Route path=path!("/keys/:id/drop") view=Acknowledge/>
                    <Route path=path!("/keys/:id/rotate/handover") view=RotationHandOver/>
                    <Route path=path!("/keys/:id/rotation/acknowledge") view=AcknowledgeRotation/>
                    <Route path=path!("/keys/:id/rotation/drop") view=AcknowledgeRotation/>
                    <Route path=path!("/integrations/endpoints") view=EndpointsPage/>
                    <Route path=path!("/integrations/examples") view=ExamplesPage/>
                    <Route path=path!("/integrations/prepare") view=PreparePage/>
                    <Route path=path!("/integrations/setup") view=SetupIntegration/>
                    <Route path=path!("/member-key/reissue") view=ReissuePage/>
                    <Route path=path!("/integrations") view=IntegrationsPage/>
                    <Route path=path!("/integrations/new") view=NewIntegrationPage/>
                    <Route path=path!("/integrations/:id/webhooks/new") view=AddWebhookPage/>
                    <Route path=path!("/integrations/:id/webhooks/:webhook/secret") view=WebhookSecretPage/>
                    <Route path=path!("/integrations/:id/deliveries") view=DeliveriesPage/>
                    <Route path=path!("/integrations/:id/deliveries/:delivery") view=DeliveryPage/>
                    <Route path=path!("/integrations/:id/events/:event") view=EventPage/>
                    <ParentRoute path=path!("/integrations/:id") view=IntegrationPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/edit") view=EditIntegrationModal/>
                        <Route path=path!("/delete") view=DeleteIntegrationModal/>
                        <Route path=path!("/webhooks/:webhook/edit") view=EditWebhookModal/>
                        <Route path=path!("/webhooks/:webhook/remove") view=RemoveWebhookModal/>
                    </ParentRoute>
                    <ParentRoute path=path!("/rooms") view=RoomsPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/new") view=CreateRoomModal/>
                    </ParentRoute>
                    <Route path=path!("/rooms/:id/join") view=JoinRoomPage/>
                    <ParentRoute path=path!("/rooms/:id") view=RoomPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/edit") view=EditRoomModal/>
                        <Route path=path!("/open") view=OpenRoomModal/>
                        <Route path=path!("/close") view=CloseRoomModal/>
                        <Route path=path!("/delete") view=DeleteRoomModal/>
                        <Route path=path!("/notice") view=|| ()/>
                        <Route path=path!("/participants") view=|| ()/>
                    </ParentRoute>
                    <ParentRoute path=path!("/chats") view=ChatsPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/new") view=CreateChatModal/>
                    </ParentRoute>
                    <ParentRoute path=path!("/chats/:id") view=ChatPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/rename") view=RenameChatModal/>
                        <Route path=path!("/invite") view=AddContactsModal/>
                        <Route path=path!("/archive") view=ArchiveChatModal/>
                        <Route path=path!("/restore") view=RestoreChatModal/>
                        <Route path=path!("/write") view=|| ()/>
                    </ParentRoute>
                    <ParentRoute path=path!("/contacts") view=ContactsPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/new") view=CreateContactModal/>
                    </ParentRoute>
                    <ParentRoute path=path!("/contacts/:id") view=ContactPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/edit") view=EditContactModal/>
                        <Route path=path!("/disable") view=DisableContactModal/>
                        <Route path=path!("/enable") view=EnableContactModal/>
                        <Route path=path!("/remove") view=RemoveContactModal/>
                    </ParentRoute>
                    <Route path=path!("/requests/many") view=ManyRequests/>
                    <ParentRoute path=path!("/requests") view=RequestsPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/:id/approve") view=ApproveModal/>
                        <Route path=path!("/:id/decline") view=DeclineModal/>
                        <Route path=path!("/:id/withdraw") view=WithdrawRequest/>
                    </ParentRoute>
                    <Route path=path!("/requests/:id") view=RequestPage/>
                    <Route path=path!("/requests/:id/collect") view=CollectRequest/>
                    <Route path=path!("/people/invite") view=InvitePage/>
                    <Route path=path!("/people/invites/:id/renew") view=RenewInvite/>
                    <ParentRoute path=path!("/people") view=PeoplePage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/invites/:id/revoke") view=RevokeInviteModal/>
                    </ParentRoute>
                    <Route path=path!("/people/:id/reset") view=PersonReset/>
                    <ParentRoute path=path!("/people/:id") view=PersonPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/role") view=RoleModal/>
                        <Route path=path!("/keys") view=PersonKeysModal/>
                        <Route path=path!("/apps") view=PersonAppsModal/>
                        <Route path=path!("/unlock") view=UnlockPersonModal/>
                        <Route path=path!("/sign-out") view=SignOutPersonModal/>
                        <Route path=path!("/disable") view=DisablePersonModal/>
                        <Route path=path!("/enable") view=EnablePersonModal/>
                        <Route path=path!("/factor") view=ResetFactorModal/>
                        <Route path=path!("/remove") view=RemovePersonModal/>
                    </ParentRoute>
                    <ParentRoute path=path!("/apps") view=AppsPage>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/choose") view=|| ()/>
                        <Route path=path!("/new") view=CreateAppModal/>
                        <Route path=path!("/:id/rename") view=RenameAppModal/>
                        <Route path=path!("/:id/archive") view=ArchiveAppModal/>
                        <Route path=path!("/:id/restore") view=RestoreAppModal/>
                    </ParentRoute>
                    <Route path=path!("/audit") view=AuditPage/>
                    <Route path=path!("/settings") view=SettingsPage/>
                    <Route path=path!("/settings/approval") view=SettingsPage/>
                    <Route path=path!("/settings/second-factor") view=SettingsPage/>
                    <Route path=path!("/status") view=StatusPage/>
                    <Route path=path!("/find") view=FindPage/>
                    <Route path=path!("/about") view=AboutPage/>
                    <Route path=path!("/help") view=HelpPage/>
                    <Route path=path!("/help/:page") view=HelpArticle/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// The text of `<title>`, which is written without escaping, so a name must not be able to close it.
fn titled(title: String) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    format!("{title} · Keystead")
}
