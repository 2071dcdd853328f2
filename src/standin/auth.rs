//! Who is asking: nobody, the App by its JWT, or an installation by its token; and what each may see.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use super::refusal::{Outcome, Refusal};
use super::rest::{Call, Level, Need};
use super::world::World;

/// The asker.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    Nobody,
    App,
    Installation { id: u64, token: String, permissions: BTreeMap<String, String> },
}

/// The asker, as the request log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// No usable credentials.
    Nobody,
    /// The App's JWT.
    App,
    /// An installation token.
    Installation,
}

impl Caller {
    pub(crate) fn kind(&self) -> CallerKind {
        match self {
            Self::Nobody => CallerKind::Nobody,
            Self::App => CallerKind::App,
            Self::Installation { .. } => CallerKind::Installation,
        }
    }

    /// Whether the asker's installation covers the repository.
    pub(crate) fn sees(&self, world: &World, repository: u64) -> bool {
        let Self::Installation { id, token, .. } = self else {
            return false;
        };
        let token = world.tokens.get(token);
        let narrowed = token.and_then(|t| t.repositories.as_ref());
        world.installation_of(repository).is_some_and(|i| i.id == *id)
            && narrowed.is_none_or(|n| n.contains(&repository))
    }

    fn has(&self, area: &str, level: Level) -> bool {
        // Every token reads metadata.
        (area == "metadata" && level == Level::Read)
            || match self {
                Self::Installation { permissions, .. } => permissions.get(area).is_some_and(|g| level.met_by(g)),
                _ => false,
            }
    }
}

/// Reads the `Authorization` header. Wrong credentials are refused, absent ones are nobody.
pub(crate) fn authenticate(world: &World, authorization: Option<&str>) -> Outcome<Caller> {
    let Some(header) = authorization else {
        return Ok(Caller::Nobody);
    };
    let mut words = header.split_whitespace();
    let (scheme, secret) = (words.next().unwrap_or_default(), words.next());
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
    let bad = || Refusal::unauthorized("Bad credentials");
    let secret = secret.filter(|_| known).ok_or_else(bad)?;
    if secret.starts_with("ghs_") {
        let token = world.tokens.get(secret).ok_or_else(bad)?;
        if token.expires_at <= world.now {
            return Err(bad());
        }
        return Ok(Caller::Installation {
            id: token.installation,
            token: secret.to_owned(),
            permissions: token.permissions.clone(),
        });
    }
    verify_jwt(world, secret).map(|()| Caller::App)
}

/// The rules of docs.github.com, "Generating a JSON Web Token (JWT) for a GitHub App".
fn verify_jwt(world: &World, jwt: &str) -> Outcome<()> {
    let app = world.app.as_ref();
    let app = app.ok_or_else(|| Refusal::unauthorized("Integration not found"))?;
    let undecodable = || Refusal::unauthorized("A JSON web token could not be decoded");
    let key = DecodingKey::from_rsa_pem(app.public_key_pem.as_bytes()).map_err(|_| undecodable())?;
    // The clock is the world's, so the instants are judged below and not by the library.
    let mut rules = Validation::new(Algorithm::RS256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Value>(jwt, &key, &rules).map_err(|_| undecodable())?;
    let claims = decoded.claims;
    let instant = |name: &str| claims[name].as_f64().map(|t| t as i64);
    let now = world.now.as_second();
    let expires = instant("exp").ok_or_else(|| {
        Refusal::unauthorized(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the \
             assertion expires",
        )
    })?;
    if expires <= now {
        return Err(Refusal::unauthorized("'Expiration time' claim ('exp') must be in the future"));
    }
    if expires > now + 600 {
        return Err(Refusal::unauthorized("'Expiration time' claim ('exp') is too far in the future"));
    }
    if instant("iat").is_none_or(|issued| issued > now) {
        return Err(Refusal::unauthorized(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        ));
    }
    let issuer = match &claims["iss"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if issuer != app.id.to_string() && issuer != app.client_id {
        return Err(Refusal::unauthorized("'Issuer' claim ('iss') must be the App's id"));
    }
    Ok(())
}

/// Finds the repository in the path and decides whether this asker may use this route. Sets `call.repository`.
pub(crate) fn admit(call: &mut Call<'_>, method: &str, need: Need) -> Outcome<()> {
    let needs_login = || Refusal::unauthorized("Requires authentication");
    match (need, &call.caller) {
        (Need::Nothing, _) => return Ok(()),
        (Need::App, Caller::App) => return Ok(()),
        (Need::App, _) => {
            return Err(Refusal::unauthorized("A JSON web token could not be decoded"));
        }
        (_, Caller::App) => {
            return Err(Refusal::forbidden("Resource not accessible by integration"));
        }
        (Need::Token, Caller::Nobody) => return Err(needs_login()),
        (Need::Token, _) => return Ok(()),
        _ => {}
    }
    if !call.params.contains_key("repo") {
        // Organisation routes: the installation must be there at all, and have the permission.
        return permitted(call, need, true);
    }
    let full_name = format!("{}/{}", call.param("owner"), call.param("repo"));
    let world = &call.state.world;
    let found = world.find_repository(&full_name);
    let id = found.ok_or_else(Refusal::not_found)?;
    let covered = call.caller.sees(world, id);
    if world.repository(id)?.private && !covered {
        return Err(Refusal::not_found());
    }
    call.repository = id;
    if covered {
        return permitted(call, need, true);
    }
    // Everybody reads what is public; writing elsewhere is refused.
    let public = !matches!(need, Need::Permission("repository_advisories", _));
    match (method, public) {
        ("GET", true) => Ok(()),
        ("GET", false) => Err(Refusal::not_found()),
        _ if matches!(call.caller, Caller::Nobody) => Err(needs_login()),
        _ => permitted(call, need, false),
    }
}

/// Whether the token's permissions are enough. `covered`: whether they apply to this place.
fn permitted(call: &Call<'_>, need: Need, covered: bool) -> Outcome<()> {
    let (areas, level): (&[&str], Level) = match need {
        Need::Permission(area, level) => (&[area], level),
        Need::Thread(level) => (area_of_thread(call, call.number("number")?), level),
        Need::Comment(level) => (area_of_comment(call)?, level),
        Need::Nothing | Need::App | Need::Token => return Ok(()),
    };
    // The last area is the one that is needed; the header names all that the route speaks of.
    let needed = areas.last().copied().unwrap_or_default();
    if covered && call.caller.has(needed, level) {
        return Ok(());
    }
    let accepted = areas.iter().map(|a| format!("{a}={}", level.word()));
    let accepted = accepted.collect::<Vec<_>>().join("; ");
    Err(Refusal::not_accessible(accepted))
}

/// An App with `issues` alone can't touch a pull request through the issue routes.
fn area_of_thread(call: &Call<'_>, number: u64) -> &'static [&'static str] {
    let thread = call.state.world.thread(call.repository, number);
    if thread.is_ok_and(|t| t.pull().is_some()) { &["issues", "pull_requests"] } else { &["pull_requests", "issues"] }
}

fn area_of_comment(call: &Call<'_>) -> Outcome<&'static [&'static str]> {
    let id = call.number("id")?;
    let threads = call.repo()?.threads.values();
    let number = { threads }.find(|t| t.comments.iter().any(|c| c.post.id == id)).map_or(0, |t| t.number);
    Ok(area_of_thread(call, number))
}

/// Random hex digits, for tokens and secrets that must look like the real ones.
pub(crate) fn random_hex(bytes: usize) -> Outcome<String> {
    let mut random = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Refusal::new(500, "the machine gives no random bytes"))?;
    Ok(hex::encode(random))
}
