//! Mail over SMTP.

use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use service::mail::{Mail, MailError, Mailer, Sending};

/// How long a server may take for a mail. Somebody waits for the page.
const WITHIN: Duration = Duration::from_secs(10);

/// A server that takes mail. Its URL may hold a password, so it is never shown.
#[derive(Clone)]
pub struct MailServer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl MailServer {
    /// From the configuration. The error repeats nothing of the URL.
    pub fn parse(url: &str) -> Result<Self, String> {
        const LIKE: &str = "use one like smtps://user:password@mail.example.com?from=keystead@example.com";
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| format!("it is not the URL of a mail server; {LIKE}"))?;
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let from = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "from");
        let (_, from) = from.ok_or_else(|| format!("it does not say who the mail is from; {LIKE}"))?;
        let from = from.parse().map_err(|_| format!("from= is not an e-mail address; {LIKE}"))?;
        Ok(Self { transport: transport.timeout(Some(WITHIN)).build(), from })
    }

    async fn deliver(&self, mail: Mail) -> Result<(), MailError> {
        let to = mail
            .to
            .parse()
            .map_err(|_| MailError::Refused("the address is none that mail can be sent to".to_owned()))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.expose_secret().to_owned())
            .map_err(|error| MailError::Refused(error.to_string()))?;
        let sent = tokio::time::timeout(WITHIN, self.transport.send(message)).await;
        sent.map_err(|_| MailError::Unanswered)?.map_err(|error| {
            if error.is_timeout() {
                return MailError::Unanswered;
            }
            let of_this_mail = error.is_client() || error.status().is_some_and(|code| is_of_one_mail(code.into()));
            let why = in_words(&error);
            if of_this_mail { MailError::Refused(why) } else { MailError::Away(why) }
        })?;
        Ok(())
    }
}

/// What went wrong, for the log. Of what the server answered only the code: its words may hold the recipient, or the link in
/// the mail.
fn in_words(error: &Error) -> String {
    match error.status() {
        Some(code) if error.is_transient() => format!("the mail server answered {code}, which is for now"),
        Some(code) => format!("the mail server answered {code}, which is for good"),
        None if error.is_response() => "the mail server answered what is no SMTP".to_owned(),
        None => error.to_string(),
    }
}

/// Whether an answer of a mail server (RFC 5321, 4.2.2; RFC 4954, 6) is about one mail, and not about all that we send.
fn is_of_one_mail(code: u16) -> bool {
    (400..600).contains(&code) && ![421, 432, 454, 500, 502, 503, 504, 521, 530, 534, 535, 538].contains(&code)
}

impl fmt::Debug for MailServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MailServer(..)")
    }
}

impl Mailer for MailServer {
    fn send(&self, mail: Mail) -> Sending<'_> {
        Box::pin(self.deliver(mail))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use service::mail::{Mail, MailError};
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::{MailServer, is_of_one_mail};

    /// What becomes of a mail to a server that says this as soon as somebody connects.
    async fn sent_to(greeting: &'static str) -> MailError {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let greets = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(greeting.as_bytes()).await.unwrap();
        });
        let server = MailServer::parse(&format!("smtp://127.0.0.1:{port}?from=keystead@example.com")).unwrap();
        let mail = Mail { to: "ada@example.com".to_owned(), subject: "Hello".to_owned(), text: "Hello".into() };
        let refused = server.deliver(mail).await.unwrap_err();
        greets.await.unwrap();
        refused
    }

    #[tokio::test]
    async fn the_log_gets_no_words_of_a_mail_server() {
        for (greeting, said) in [
            ("554 5.7.1 no mail for ada@example.com here\r\n", "the mail server answered 554, which is for good"),
            ("421 4.7.0 ada@example.com, try again\r\n", "the mail server answered 421, which is for now"),
            ("ada@example.com is unknown here\r\n", "the mail server answered what is no SMTP"),
        ] {
            assert_eq!(sent_to(greeting).await.to_string(), said);
        }
    }

    #[test]
    fn a_mailbox_that_is_full_or_unknown_keeps_no_other_mail_back() {
        for code in [450, 452, 550, 551, 552, 553] {
            assert!(is_of_one_mail(code), "{code}");
        }
        for code in [421, 454, 530, 535, 250, 0] {
            assert!(!is_of_one_mail(code), "{code}");
        }
    }

    #[test]
    fn a_url_says_where_mail_goes_and_from_whom() {
        for url in [
            "smtp://localhost:2525?from=keystead@example.com",
            "smtps://user:p%40ss@mail.example.com?from=Keystead%20%3Ckeystead@example.com%3E",
            "smtp://mail.example.com:587?tls=required&from=keystead@example.com",
        ] {
            MailServer::parse(url).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, said) in [
            ("mail.example.com", "not the URL"),
            ("http://user:hunter2@mail.example.com?from=a@example.com", "not the URL"),
            ("smtp://user:hunter2@mail.example.com", "from"),
            ("smtp://user:hunter2@mail.example.com?from=nobody", "from="),
        ] {
            let message = MailServer::parse(url).unwrap_err();
            assert!(message.contains(said) && !message.contains("hunter2"), "{message}");
        }
    }
}
