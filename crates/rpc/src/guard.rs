//! What every HTTP request passes first: host, origin, token, size, depth, time.
//!
//! The host is checked so that a web page cannot reach a node on loopback through a name of its own; an origin is refused
//! unless it is configured, and no cross-origin header is ever sent. Refusals are JSON-RPC errors and tell nothing of the inside.

use crate::caller::Caller;
use crate::connection::Peer;
use crate::context::{Context, Session};
use crate::depth::is_shallow;
use crate::dispatch::too_deep;
use crate::limits::{BODY_BYTES_MAX, JSON_DEPTH_MAX, REQUEST_MS_MAX};
use crate::problem::{Fault, Problem};
use crate::token::TokenRules;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, ORIGIN,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jsonrpsee::types::ErrorObjectOwned;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Under which names the server is reached, and from which web pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
}

/// Names that mean this machine on every machine.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

impl Names {
    /// Whether the host and the origin of a request are allowed.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let refused = |sentence: &str| Err(Problem::new(Fault::Forbidden, sentence));
        let host = single(headers, &HOST).map(without_port);
        let allowed = host.is_some_and(|host| {
            let mut names = LOOPBACK_NAMES
                .into_iter()
                .chain(self.hosts.iter().map(String::as_str));
            names.any(|name| name.eq_ignore_ascii_case(host))
        });
        if !allowed {
            return refused(
                "this server does not answer under that host name; it can be configured",
            );
        }
        if headers.contains_key(ORIGIN) {
            let origin = single(headers, &ORIGIN);
            if !origin.is_some_and(|origin| self.origins.iter().any(|one| one == origin)) {
                return refused("requests from that origin are not allowed; it can be configured");
            }
        }
        Ok(())
    }
}

/// The value of a header that may stand there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

/// What the guard works with.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) context: Arc<Context>,
    pub(crate) names: Names,
}

/// Lets a request through, or answers it itself.
pub(crate) async fn guard(
    State(door): State<Arc<Door>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let under_way = peer.activity.begin();
    let limit = Duration::from_millis(REQUEST_MS_MAX);
    let answered = timeout(limit, pass(&door, peer.address, request, next)).await;
    let mut response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err((status, problem))) => refuse(status, problem),
        Err(_) => {
            let sentence = "the request took too long; what it asked for may have happened";
            let problem = Problem::new(Fault::TimedOut, sentence);
            refuse(StatusCode::REQUEST_TIMEOUT, problem)
        }
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        under_way.for_good();
    }
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, never);
    response
}

type Refusal = (StatusCode, Problem);

async fn pass(
    door: &Door,
    address: IpAddr,
    mut request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let check = door.names.check(request.headers());
    check.map_err(|problem| (StatusCode::FORBIDDEN, problem))?;
    let caller = caller(door, address, request.headers());
    let caller = caller.map_err(|problem| (StatusCode::UNAUTHORIZED, problem))?;
    // What comes after may log its headers.
    request.headers_mut().remove(AUTHORIZATION);
    let session = Arc::new(Session::new(caller));
    request.extensions_mut().insert(Arc::clone(&session));
    if request.method() != Method::POST {
        return Ok(next.run(request).await);
    }
    let claimed = claimed_bytes(request.headers()).ok_or_else(too_large)?;
    let share = session.share(&door.context, claimed);
    let _share = share.map_err(|problem| (StatusCode::SERVICE_UNAVAILABLE, problem))?;
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, BODY_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| too_large())?;
    if !is_shallow(&bytes, JSON_DEPTH_MAX) {
        return Err((StatusCode::BAD_REQUEST, too_deep()));
    }
    let request = Request::from_parts(parts, Body::from(bytes));
    Ok(next.run(request).await)
}

/// How many bytes the body claims to have, the most when it does not say; none when that is too many.
fn claimed_bytes(headers: &HeaderMap) -> Option<usize> {
    if !headers.contains_key(CONTENT_LENGTH) {
        return Some(BODY_BYTES_MAX);
    }
    let claimed: usize = single(headers, &CONTENT_LENGTH)?.parse().ok()?;
    (claimed <= BODY_BYTES_MAX).then_some(claimed)
}

fn too_large() -> Refusal {
    let sentence = format!("the request's body must have at most {BODY_BYTES_MAX} bytes");
    let problem = Problem::new(Fault::TooLarge, sentence);
    (StatusCode::PAYLOAD_TOO_LARGE, problem)
}

/// Who asks. A token that does not hold refuses the request; without one the caller is nobody.
fn caller(door: &Door, address: IpAddr, headers: &HeaderMap) -> Result<Caller, Problem> {
    let unauthenticated = |sentence: String| Problem::new(Fault::Unauthenticated, sentence);
    if !headers.contains_key(AUTHORIZATION) {
        return Ok(Caller::Anonymous(address));
    }
    let token = single(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| {
        unauthenticated("the Authorization header must be: Bearer TOKEN".to_owned())
    })?;
    let snapshot = door.context.backend.snapshot();
    let rules = TokenRules {
        state: &snapshot.state,
        node: door.context.node,
        now: door.context.clock.now(),
    };
    let reader = rules.check(token);
    let reader = reader.map_err(|error| unauthenticated(error.to_string()))?;
    Ok(Caller::Known(reader))
}

/// A refusal as a JSON-RPC error that answers no call in particular.
fn refuse(status: StatusCode, problem: Problem) -> Response {
    let body = serde_json::json!({
        "jsonrpc": "2.0",
        "error": ErrorObjectOwned::from(problem),
        "id": null,
    });
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    (status, [(CONTENT_TYPE, json)], body.to_string()).into_response()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test should panic")]
mod tests {
    use super::*;

    fn check(headers: &[(HeaderName, &str)], allowed: bool) {
        let names = Names {
            hosts: vec!["node.example".to_owned()],
            origins: vec!["https://console.example".to_owned()],
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        assert_eq!(names.check(&map).is_ok(), allowed, "{headers:?}");
    }

    #[test]
    fn only_known_hosts_and_origins_pass() {
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1:9",
            "[::1]:9",
            "[::1]",
            "node.example",
        ] {
            check(&[(HOST, host)], true);
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "",
            "127.0.0.2",
        ] {
            check(&[(HOST, host)], false);
        }
        check(&[], false);
        check(&[(HOST, "localhost"), (HOST, "localhost")], false);
        check(
            &[(HOST, "localhost"), (ORIGIN, "https://console.example")],
            true,
        );
        check(
            &[(HOST, "localhost"), (ORIGIN, "https://evil.example")],
            false,
        );
        check(&[(HOST, "localhost"), (ORIGIN, "null")], false);
    }
}
