//! Deliveries: what is told to a webhook, one thing each, with the tries that it took.

use serde::{Deserialize, Serialize};

use crate::ids::{AppId, DeliveryId, EventId, IntegrationId, RoomId, WebhookId};
use crate::list::{Rows, cursor};
use crate::query_string::{ListQuery, Taken, put, query_string};
use crate::text;
use crate::timestamp::{Millis, Timestamp};
use crate::webhook::Trigger;

/// The most deliveries of one page of a list.
pub const ROWS_MAX: u32 = 1_000;

/// The most characters of an answer that are kept.
pub const ANSWER_KEPT: usize = 1_000;

/// What is kept of an answer in the place of a secret.
const CUT: &str = "[the secret of this webhook]";

/// How many characters of it at the end of an answer are taken for it.
const CUT_OFF: usize = 8;

/// How long each try waits for the one before it; the first waits for nothing. After the last, the delivery has failed.
pub const WAITS: [Millis; 8] = [
    Millis(0),
    Millis::seconds(1),
    Millis::seconds(5),
    Millis::seconds(30),
    Millis::minutes(2),
    Millis::minutes(10),
    Millis::hours(1),
    Millis::hours(6),
];

/// How long deliveries are kept once they are over.
pub const KEPT: Millis = Millis::days(7);

/// How long a delivery waits behind others before it fails with them.
pub const WAITS_AT_MOST: Millis = Millis::days(1);

/// How long a delivery may be due without being sent before it fails.
pub const DUE_AT_MOST: Millis = Millis::days(2);

/// The status with which a receiver says that it wants nothing any more.
pub const GONE: u16 = 410;

/// Why a delivery failed that waited behind others for too long.
pub const TOO_LATE: &str = "It waited behind others for more than a day.";

/// Why a delivery failed that was due for too long.
pub const NEVER_SENT: &str = "It was due for more than two days and was not sent.";

/// Why a delivery failed whose subject is not there any more.
pub const NOTHING_LEFT: &str = "What it tells of was deleted before it was sent.";

names! {
    /// How far a delivery is.
    #[derive(Default)]
    pub enum DeliveryState {
        /// For its first try, for another one, or for the delivery before it.
        #[default]
        Waiting = "waiting",
        Delivered = "delivered",
        /// Nobody tries again, unless somebody asks for it.
        Failed = "failed",
    }
}

impl DeliveryState {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Delivered => "Delivered",
            Self::Failed => "Failed",
        }
    }
}

/// What a delivery tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A message in a chat.
    Message {
        /// The chat.
        room: RoomId,
        /// The number of the message.
        seq: u64,
    },
    /// A chat.
    Room(RoomId),
    /// What a program reported.
    Event(EventId),
}

impl About {
    /// The form that is stored: `message 0a… 7`, `room 0a…` or `event 0a…`.
    pub fn words(self) -> String {
        match self {
            Self::Message { room, seq } => format!("message {room} {seq}"),
            Self::Room(room) => format!("room {room}"),
            Self::Event(event) => format!("event {event}"),
        }
    }

    /// Reads the form that is stored; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
            ("message", room, Some(seq), None) => {
                Some(Self::Message { room: RoomId::parse(room)?, seq: seq.parse().ok()? })
            }
            ("room", room, None, None) => RoomId::parse(room).map(Self::Room),
            ("event", event, None, None) => EventId::parse(event).map(Self::Event),
            _ => None,
        }
    }
}

/// One thing that is told to one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id, which the receiver gets too. It stays the same however often it is sent.
    pub id: DeliveryId,
    /// The app in which it happened.
    pub app_id: AppId,
    /// The integration of the webhook.
    pub integration_id: IntegrationId,
    /// The webhook, which may be removed.
    pub webhook_id: WebhookId,
    /// What happened.
    pub trigger: Trigger,
    /// To what.
    pub about: About,
    /// How far it is.
    pub state: DeliveryState,
    /// How many of its tries it has used, of as many as there are `WAITS`, since it was made or sent again when it was over.
    /// Whoever has one that waits sent at once gives it another try.
    pub tries: u32,
    /// When it happened.
    pub created_at: Timestamp,
    /// When it is sent next; `None` if it is over, or waits for the delivery before it.
    pub next_try_at: Option<Timestamp>,
    /// When it was over; `None` if it waits.
    pub done_at: Option<Timestamp>,
    /// The status of the last answer; `None` if there was none.
    pub status: Option<u16>,
    /// The first characters of that answer, at most `ANSWER_KEPT`.
    pub answer: String,
    /// Why the last try delivered nothing, in a line; empty if it did, or there was none.
    pub failure: String,
    /// The address that the last try called; empty if there was none. The webhook may have another one by now.
    pub target: String,
}

/// What came of sending a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status of the answer; `None` if there was none.
    pub status: Option<u16>,
    /// The answer, or the beginning of it.
    pub answer: String,
    /// Why there was no answer, in a line.
    pub failure: String,
}

impl Reply {
    /// No answer, for this reason.
    pub fn none(failure: impl Into<String>) -> Self {
        Self { status: None, answer: String::new(), failure: failure.into() }
    }

    /// An answer, without the characters that nobody would see: one of them may be between two that are to be cut out.
    pub fn answered(status: u16, answer: &str) -> Self {
        let kept = |c: &char| !text::is_hidden(*c) || matches!(c, '\n' | '\t');
        Self { status: Some(status), answer: answer.chars().filter(kept).collect(), failure: String::new() }
    }

    /// The same without a secret that was sent: some receivers answer with the request that they got.
    #[must_use]
    pub fn without(self, secret: &str) -> Self {
        Self { answer: cut(&self.answer, secret), ..self }
    }
}

impl Delivery {
    /// The same delivery after a try that ended at this time.
    #[must_use]
    pub fn tried(&self, reply: &Reply, at: Timestamp) -> Self {
        let tries = self.tries.saturating_add(1);
        let is_delivered = reply.status.is_some_and(|status| (200..300).contains(&status));
        let wait = usize::try_from(tries).ok().and_then(|tried| WAITS.get(tried));
        let wait = wait.filter(|_| !is_delivered && reply.status != Some(GONE));
        let state = match (is_delivered, wait) {
            (true, _) => DeliveryState::Delivered,
            (false, Some(_)) => DeliveryState::Waiting,
            (false, None) => DeliveryState::Failed,
        };
        let failure = match reply.status {
            _ if is_delivered => String::new(),
            Some(status) => refused(status),
            None => reply.failure.clone(),
        };
        Self {
            state,
            tries,
            next_try_at: wait.map(|wait| at.plus(*wait)),
            done_at: (state != DeliveryState::Waiting).then_some(at),
            status: reply.status,
            answer: reply.answer.chars().take(ANSWER_KEPT).collect(),
            failure,
            ..self.clone()
        }
    }

    /// The same delivery, failed without another try.
    #[must_use]
    pub fn given_up(&self, why: &str, at: Timestamp) -> Self {
        Self {
            state: DeliveryState::Failed,
            next_try_at: None,
            done_at: Some(at),
            failure: why.to_owned(),
            ..self.clone()
        }
    }
}

/// The text without a secret, whatever its case, with white space in it or not. At the end, so much of it is enough as
/// nobody has by chance: the answer may have broken off there.
fn cut(text: &str, secret: &str) -> String {
    let secret: Vec<char> = secret.chars().filter(|c| !c.is_whitespace()).collect();
    let solid: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| !c.is_whitespace()).collect();
    let (mut kept, mut copied, mut n) = (String::new(), 0, 0);
    while let Some(&(start, _)) = solid.get(n) {
        let alike =
            solid.iter().skip(n).zip(&secret).take_while(|((_, c), of_it)| c.eq_ignore_ascii_case(of_it)).count();
        let is_end = n + alike == solid.len() && alike >= CUT_OFF;
        if alike == secret.len() && alike > 0 || is_end {
            kept.push_str(text.get(copied..start).unwrap_or_default());
            kept.push_str(CUT);
            n += alike;
            copied = solid.get(n - 1).map_or(text.len(), |(at, c)| at + c.len_utf8());
        } else {
            n += 1;
        }
    }
    kept.push_str(text.get(copied..).unwrap_or_default());
    kept
}

/// Why an answer with this status delivers nothing.
fn refused(status: u16) -> String {
    match status {
        GONE => "The receiver answered 410: it wants nothing any more.".to_owned(),
        300..400 => format!("The receiver answered {status}, and redirects are not followed."),
        _ => format!("The receiver answered {status}."),
    }
}

/// The deliveries of an integration as somebody asked for them, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryQuery {
    /// Only those that are this far.
    pub state: Option<DeliveryState>,
    /// Read the page of older ones after this cursor. Wins over `before`.
    pub after: Option<String>,
    /// The page of newer ones before this cursor.
    pub before: Option<String>,
    /// How many a page has: 1 to `ROWS_MAX`.
    pub rows: u32,
}

impl Default for DeliveryQuery {
    fn default() -> Self {
        Self { state: None, after: None, before: None, rows: Rows::Few.count() }
    }
}

impl ListQuery for DeliveryQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "state" => put(&mut self.state, value, DeliveryState::parse(value)),
            "rows" => put(&mut self.rows, value, Rows::parse(value).map(Rows::count)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        let rows = Rows::ALL.iter().find(|rows| rows.count() == self.rows && **rows != Rows::default());
        query_string([
            ("state", self.state.map(DeliveryState::as_str)),
            ("rows", rows.map(|rows| rows.as_str())),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

impl DeliveryQuery {
    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        self.state.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn delivery() -> Delivery {
        Delivery {
            id: DeliveryId::from_random([1; 12]),
            app_id: AppId::from_random([2; 12]),
            integration_id: IntegrationId::from_random([3; 12]),
            webhook_id: WebhookId::from_random([4; 12]),
            trigger: Trigger::ConversationMessage,
            about: About::Message { room: RoomId::from_random([5; 12]), seq: 7 },
            state: DeliveryState::Waiting,
            tries: 0,
            created_at: NOW,
            next_try_at: Some(NOW),
            done_at: None,
            status: None,
            answer: String::new(),
            failure: String::new(),
            target: String::new(),
        }
    }

    #[test]
    fn a_secret_that_comes_back_is_cut_out_however_it_is_written() {
        let secret = "5ec7e75ec7e7";
        let utf_16: String = secret.chars().flat_map(|c| [c, '\0']).collect();
        for (answer, kept) in [
            ("got 5ec7e75ec7e7!", "got [the secret of this webhook]!"),
            ("5EC7E75ec7e7 5ec7e75ec7e7", "[the secret of this webhook] [the secret of this webhook]"),
            ("a 5ec7e7\r\n 5ec7e7 b", "a [the secret of this webhook] b"),
            ("5ec7\u{ad}e7\u{200c}5e\u{1b}c7\u{200b}e7", "[the secret of this webhook]"),
            (&utf_16, "[the secret of this webhook]"),
            ("it breaks off: 5ec7e75ec7", "it breaks off: [the secret of this webhook]"),
            ("5ec7e75ec7e75ec7e75ec", "[the secret of this webhook][the secret of this webhook]"),
            // What is shorter may be anything, and so may what is not at the end.
            ("5ec7e75", "5ec7e75"),
            ("5ec7e75ec7 and more", "5ec7e75ec7 and more"),
            ("é 5ec7e75ec7e7 é", "é [the secret of this webhook] é"),
            ("", ""),
        ] {
            assert_eq!(Reply::answered(200, answer).without(secret).answer, kept, "{answer:?}");
        }
        assert_eq!(Reply::answered(200, "as it is").without("").answer, "as it is");
    }

    #[test]
    fn a_delivery_is_tried_eight_times_with_growing_waits() {
        let (mut now, mut tried) = (NOW, delivery());
        for wait in WAITS.into_iter().skip(1) {
            tried = tried.tried(&Reply::answered(500, "down"), now);
            assert_eq!(
                (tried.state, tried.next_try_at, tried.done_at),
                (DeliveryState::Waiting, Some(now.plus(wait)), None)
            );
            now = now.plus(wait);
        }
        assert_eq!(tried.tries, 7);
        let over = tried.tried(&Reply::none("It cannot be reached."), now);
        assert_eq!(
            (over.state, over.tries, over.next_try_at, over.done_at),
            (DeliveryState::Failed, 8, None, Some(now))
        );
        assert_eq!((over.status, over.failure.as_str()), (None, "It cannot be reached."));
        assert_eq!(now.since(NOW), Millis(25_956_000), "7 hours and some minutes");
    }

    #[test]
    fn only_an_answer_of_success_delivers() {
        for status in [200, 201, 204, 299] {
            let done = delivery().tried(&Reply::answered(status, "ok"), NOW);
            assert_eq!((done.state, done.status, done.failure.as_str()), (DeliveryState::Delivered, Some(status), ""));
            assert_eq!((done.done_at, done.next_try_at, done.answer.as_str()), (Some(NOW), None, "ok"));
        }
        for status in [100, 199, 301, 302, 400, 404, 429, 500, 503] {
            let waits = delivery().tried(&Reply::answered(status, ""), NOW);
            assert_eq!((waits.state, waits.status), (DeliveryState::Waiting, Some(status)));
            assert!(waits.failure.contains(&status.to_string()), "{}", waits.failure);
        }
        let gone = delivery().tried(&Reply::answered(GONE, ""), NOW);
        assert_eq!((gone.state, gone.tries), (DeliveryState::Failed, 1));
        assert!(delivery().tried(&Reply::answered(302, ""), NOW).failure.contains("not followed"));
    }

    #[test]
    fn an_answer_is_kept_in_part_and_without_what_a_terminal_obeys() {
        let long = format!("\u{1b}[31mé\r\n{}", "x".repeat(2_000));
        let kept = delivery().tried(&Reply::answered(500, &long), NOW).answer;
        assert!(kept.starts_with("[31mé\nxx") && kept.chars().count() == ANSWER_KEPT, "{kept}");
    }

    #[test]
    fn what_is_told_survives_its_words() {
        let room = RoomId::from_random([0xab; 12]);
        for about in
            [About::Message { room, seq: u64::MAX }, About::Room(room), About::Event(EventId::from_random([1; 12]))]
        {
            assert_eq!(About::parse(&about.words()), Some(about));
        }
        for wrong in ["", "message", "room x", "message 0 1", "event", "room abababababababababababab 1"] {
            assert_eq!(About::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_list_survives_its_string() {
        let query = DeliveryQuery::from_pairs([("state", "failed"), ("rows", "50"), ("after", "17"), ("utm", "1")]);
        assert_eq!(query.to_query_string(), "state=failed&rows=50&after=17");
        assert!(query.is_filtered());
        assert_eq!(DeliveryQuery::from_pairs([("state", "x"), ("rows", "7")]), DeliveryQuery::default());
    }
}
