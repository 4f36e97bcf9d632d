//! Lists as files: CSV, and JSON with one object per line. A file is written while it is read, a piece at a time.

use std::borrow::Cow;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, RawQuery};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::audit_query::AuditQuery;
use domain::export::{ExportForm, Exported, cells};
use domain::list::KeyQuery;
use domain::query_string::ListQuery;
use futures::stream::try_unfold;
use service::Error;
use service::audit::AuditExport;
use service::keys::KeyExport;

use super::audit::looking;
use super::context::{Console, Desk, Visit};
use super::keys::key_id;
use crate::error::ConsoleError;

/// The addresses, and the form that each gives.
const KEYS: [(&str, ExportForm); 2] = [("/keys.csv", ExportForm::Csv), ("/keys.jsonl", ExportForm::JsonLines)];
const AUDIT: [(&str, ExportForm); 2] = [("/audit.csv", ExportForm::Csv), ("/audit.jsonl", ExportForm::JsonLines)];

/// The addresses of the files.
pub fn paths() -> impl Iterator<Item = &'static str> {
    KEYS.iter().chain(&AUDIT).map(|(path, _)| *path)
}

/// The files, ready to be mounted.
pub fn routes(console: &Console) -> Router {
    let mut router = Router::new();
    for (path, form) in KEYS {
        let console = console.clone();
        let file = async move |Extension(visit): Extension<Visit>, RawQuery(query): RawQuery| {
            let begun = begin_keys(Desk::new(console, visit), &query.unwrap_or_default()).await;
            answer(begun, "keys", form).await
        };
        router = router.route(path, get(file));
    }
    for (path, form) in AUDIT {
        let console = console.clone();
        let file = async move |Extension(visit): Extension<Visit>, RawQuery(query): RawQuery| {
            let begun = begin_audit(Desk::new(console, visit), &query.unwrap_or_default()).await;
            answer(begun, "audit", form).await
        };
        router = router.route(path, get(file));
    }
    router
}

/// An export that gives its rows a piece at a time.
trait Pieces: Send + 'static {
    type Row: Exported + Send;

    fn next(&mut self) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;
}

impl Pieces for KeyExport {
    type Row = domain::export::ExportedKey;

    async fn next(&mut self) -> Result<Vec<Self::Row>, Error> {
        Self::next(self).await
    }
}

impl Pieces for AuditExport {
    type Row = domain::export::ExportedEvent;

    async fn next(&mut self) -> Result<Vec<Self::Row>, Error> {
        Self::next(self).await
    }
}

/// The list that is asked for. Without a filter it would be a file of everything.
fn whole<Q: ListQuery>(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Q, ConsoleError> {
    let (query, left_out) = Q::read(pairs.iter().map(|(name, value)| (&**name, &**value)));
    if left_out.is_empty() { Ok(query) } else { Err(ConsoleError::NoSuchFilter) }
}

async fn begin_keys(desk: Desk, query: &str) -> Result<(Desk, KeyExport), ConsoleError> {
    let query: KeyQuery = whole(&form_urlencoded::parse(query.as_bytes()).collect::<Vec<_>>())?;
    let apps = desk.apps().await?.scope()?;
    let export = desk.service().export_keys(&desk.caller()?, apps, &query)?;
    Ok((desk, export))
}

async fn begin_audit(desk: Desk, query: &str) -> Result<(Desk, AuditExport), ConsoleError> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let asked: AuditQuery = whole(&pairs)?;
    let key = pairs.iter().find(|(name, _)| name == "key").map(|(_, key)| key.trim()).filter(|key| !key.is_empty());
    let query = AuditQuery { key: key.map(key_id).transpose()?, ..asked };
    let export = desk.service().export_audit(&looking(&desk, &query).await?, &query)?;
    Ok((desk, export))
}

async fn answer<P: Pieces>(begun: Result<(Desk, P), ConsoleError>, name: &str, form: ExportForm) -> Response {
    let first = async {
        let (desk, mut pieces) = begun?;
        let head = head::<P::Row>(form)?;
        // Before the answer begins, so that a database that is away is a plain 503.
        let first = pieces.next().await?;
        Ok::<_, ConsoleError>((desk, pieces, head, first))
    };
    let (desk, pieces, head, first) = match first.await {
        Ok(begun) => begun,
        Err(error) => return (error.status(), error.message()).into_response(),
    };
    let day = desk.service().now().to_rfc3339();
    let day = day.split('T').next().unwrap_or_default();
    let (kind, ending) = match form {
        ExportForm::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        ExportForm::JsonLines => ("application/jsonl; charset=utf-8", "jsonl"),
    };
    let name = format!("attachment; filename=\"keystead-{name}-{day}.{ending}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    (headers, Body::from_stream(written(pieces, head, first, form))).into_response()
}

/// The file, a piece at a time. An error cuts the answer off, so that nobody takes a part of the file for the whole.
fn written<P: Pieces>(
    pieces: P,
    head: Vec<u8>,
    first: Vec<P::Row>,
    form: ExportForm,
) -> impl futures::Stream<Item = Result<Bytes, ConsoleError>> {
    try_unfold((pieces, Some((head, first))), move |(mut pieces, begun)| async move {
        let (mut bytes, rows) = match begun {
            Some(begun) => begun,
            None => (Vec::new(), pieces.next().await?),
        };
        if bytes.is_empty() && rows.is_empty() {
            return Ok(None);
        }
        rows.iter().try_for_each(|row| write(&mut bytes, row, form))?;
        Ok(Some((Bytes::from(bytes), (pieces, None))))
    })
}

/// What comes before the first row.
fn head<T: Exported>(form: ExportForm) -> Result<Vec<u8>, ConsoleError> {
    let mut bytes = Vec::new();
    if form == ExportForm::Csv {
        line(&mut bytes, T::COLUMNS)?;
    }
    Ok(bytes)
}

fn write<T: Exported>(bytes: &mut Vec<u8>, row: &T, form: ExportForm) -> Result<(), ConsoleError> {
    match form {
        ExportForm::Csv => line(bytes, &cells(row).map_err(unwritten)?),
        ExportForm::JsonLines => {
            serde_json::to_writer(&mut *bytes, row).map_err(unwritten)?;
            bytes.push(b'\n');
            Ok(())
        }
    }
}

fn line<T: AsRef<[u8]>>(bytes: &mut Vec<u8>, cells: &[T]) -> Result<(), ConsoleError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(bytes);
    writer.write_record(cells).and_then(|()| Ok(writer.flush()?)).map_err(unwritten)
}

fn unwritten(error: impl std::fmt::Display) -> ConsoleError {
    tracing::error!(%error, "a row of an export could not be written");
    ConsoleError::Unavailable
}
