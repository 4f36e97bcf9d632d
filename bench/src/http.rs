//! One kept-alive connection, one request after the other.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a single answer may take before the run is aborted.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
    cookie: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// From the first byte sent to the last one received.
    pub took: Duration,
}

impl Answer {
    pub fn text(&self) -> Result<&str> {
        Ok(std::str::from_utf8(&self.body)?)
    }
}

impl Connection {
    pub async fn open(authority: &str) -> Result<Self> {
        let stream = TcpStream::connect(authority.replace("localhost", "127.0.0.1")).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the sender.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("a connection broke: {error:?}");
            }
        });
        Ok(Self { sender, authority: authority.to_owned(), cookie: None })
    }

    /// Signs in by the form that people use.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Result<()> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("email", email), ("password", password), ("next", "")])
            .finish();
        let origin = format!("http://{}", self.authority);
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", &origin)];
        let answer = self.send(Method::POST, "/login", &headers, form).await?;
        ensure!(answer.status == StatusCode::SEE_OTHER, "sign-in gave {}", answer.status);
        let cookie = answer.headers.get(header::SET_COOKIE).context("sign-in set no cookie")?.to_str()?;
        self.cookie = cookie.split(';').next().map(str::to_owned);
        Ok(())
    }

    /// The cookie of its session.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// A page as it is read by people: not compressed.
    pub async fn page(&mut self, path: &str) -> Result<Answer> {
        self.get(path, &[]).await
    }

    /// A page as a browser asks for it.
    pub async fn page_as_browser(&mut self, path: &str) -> Result<Answer> {
        self.get(path, &[("accept-encoding", "gzip, deflate, br, zstd")]).await
    }

    async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let answer = self.send(Method::GET, path, headers, String::new()).await?;
        ensure!(answer.status == StatusCode::OK, "{path} gave {}", answer.status);
        Ok(answer)
    }

    /// Any request.
    pub async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Result<Answer> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &self.authority);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body))?;
        tokio::time::timeout(PATIENCE, async {
            self.sender.ready().await?;
            let begun = Instant::now();
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            anyhow::Ok(Answer { status: head.status, headers: head.headers, body, took: begun.elapsed() })
        })
        .await
        .with_context(|| format!("{path} was not answered in time"))?
        .with_context(|| format!("{path} was not answered"))
    }
}
