//! One hot verify call after the other inside this process, for `scripts/callgrind.sh` to count the instructions of.

use std::sync::Arc;

use anyhow::{Result, ensure};
use domain::kind::KeyKind;
use domain::permission::AdminPermission;
use domain::permission_query::PermissionQuery;
use domain::verdict::Code;
use service::Caller;
use service::entropy::SystemEntropy;
use service::verify::{Credential, Verifier, VerifyRequest};
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

use crate::data::{issue, open, private_folder, service, verifier_draft};
use crate::restrictions::{ADDRESS, ORIGIN, QUERY, restricted_draft};

/// After this many calls the version poll gets a turn. Without it, the cache is not trusted.
const TURN: u32 = 100;

/// Makes this many calls about one key with a restriction of each sort, as the edge does, but without HTTP.
pub(crate) async fn run(calls: u32) -> Result<()> {
    let folder = private_folder()?;
    let store = open(folder.path(), None).await?;
    let service = service(folder.path(), &store, Arc::new(SystemEntropy)).await?;
    let caller = Caller::command_line("bench");
    let asking = issue(&service, &caller, &verifier_draft()).await?;
    let asked = issue(&service, &caller, &restricted_draft("hot key")).await?;

    let stop = CancellationToken::new();
    let background = tokio::spawn({
        let (service, stop) = (service.clone(), stop.clone());
        async move { service.run(stop).await }
    });
    for number in 0..calls {
        let code = call(service.verifier(), &asking, &asked).await?;
        ensure!(code == Code::Valid, "the key was refused: {}", code.as_str());
        if number % TURN == 0 {
            yield_now().await;
        }
    }
    stop.cancel();
    background.await?;
    store.close().await;
    Ok(())
}

async fn call(verifier: &Verifier, asking: &str, asked: &str) -> Result<Code> {
    let may = verifier.authenticate(asking, AdminPermission::Verify, None, None).await?;
    ensure!(may.code == Code::Valid, "the asking key was refused: {}", may.code.as_str());
    let permissions = PermissionQuery::parse(QUERY).map_err(|error| anyhow::anyhow!("{error}"))?;
    let request = VerifyRequest {
        address: Some(ADDRESS.parse()?),
        origin: Some(ORIGIN),
        permissions: Some(&permissions),
        kind: Some(KeyKind::Service),
        scope: may.key.as_ref().map(|key| &key.record.app_id),
        ..VerifyRequest::default()
    };
    Ok(verifier.verify(Credential::Token(asked), request).await?.code)
}
